import { GatewayError, type Json, type JsonObject, type Tool, type ToolChoice } from '@gantry/core'
import {
  asObject,
  invalidField,
  isObject,
  readBoolean,
  requireArray,
  requireOneOf,
  requireString,
  wrongType,
} from '@gantry/core/codec'
import { name as protocol } from '../name.ts'
import { ownExtra, restOf } from '../own.ts'
import { isHosted } from './decode-tools.ts'

/**
 * Reads `tool_choice` and `parallel_tool_calls`. A choice of tools by name becomes names; one that names a hosted tool
 * stays as it is, for this wire only. `$implied` says that only `parallel_tool_calls` was there, `$allowed` holds the
 * entries of `allowed_tools` as the client wrote them, `$type` is the kind of the one tool that was asked for.
 */
export function decodeToolChoice(body: JsonObject): ToolChoice | undefined {
  const parallel = readBoolean(body, 'parallel_tool_calls', '')
  const choice = choiceOf(body['tool_choice'], '/tool_choice')
  if (!choice && parallel === undefined) return undefined
  return {
    ...(choice ?? { mode: 'auto', ...ownExtra({ $implied: true }) }),
    ...(parallel !== undefined && { parallel }),
  }
}

/** Refuses a tool that has to be called and that nobody declared. */
export function checkForcedTool(choice: ToolChoice | undefined, tools: readonly Tool[]): void {
  if (choice?.mode !== 'required') return
  if (tools.length === 0) {
    throw new GatewayError({
      class: 'invalid_request',
      code: 'invalid_value',
      param: '/tool_choice',
      message: "Invalid 'tool_choice': a tool can only be required where 'tools' names at least one.",
    })
  }
  if (!choice.names) return
  const declared = new Set<string>()
  const add = (tool: Tool): void => {
    if (tool.type === 'namespace') tool.tools.forEach(add)
    else if (tool.name !== undefined) declared.add(tool.name)
  }
  tools.forEach(add)
  const unknown = choice.names.find((name) => !declared.has(name))
  if (unknown === undefined) return
  throw new GatewayError({
    class: 'invalid_request',
    code: 'invalid_value',
    param: '/tool_choice',
    message: `Invalid 'tool_choice': the tool '${unknown.slice(0, 128)}' is not among 'tools'.`,
  })
}

function choiceOf(value: Json | undefined, at: string): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'auto' || value === 'none' || value === 'required') return { mode: value }
  if (typeof value === 'string')
    throw invalidField(`has to be "auto", "none", "required" or an object, not "${value.slice(0, 40)}"`, at)
  if (!isObject(value)) throw wrongType('a string or an object', value, at)
  const type = requireString(value, 'type', at)
  switch (type) {
    case 'function':
    case 'custom':
      return {
        mode: 'required',
        names: [requireString(value, 'name', at)],
        ...restOf(value, oneKeys, { $type: type }),
      }
    case 'allowed_tools':
      return allowed(value, at)
    default:
      if (isHosted(type)) return { mode: 'native', native: { protocol, value } }
      throw invalidField(
        `has to be the type of a tool, "function", "custom" or "allowed_tools", not "${type.slice(0, 40)}"`,
        `${at}/type`,
      )
  }
}

function allowed(value: JsonObject, at: string): ToolChoice {
  const entries = requireArray(value, 'tools', at)
  const names: string[] = []
  entries.forEach((entry, index) => {
    const tool = asObject(entry, `${at}/tools/${index}`)
    const type = requireString(tool, 'type', `${at}/tools/${index}`)
    if (type === 'function' || type === 'custom') {
      names.push(requireString(tool, 'name', `${at}/tools/${index}`))
    } else if (type === 'tool_search') names.push(type)
  })
  const mode = requireOneOf(value, 'mode', at, ['auto', 'required'])
  // A list with hosted tools in it cannot be told by names.
  if (names.length < entries.length) return { mode: 'native', native: { protocol, value } }
  return { mode, names, ...restOf(value, allowedKeys, { $allowed: entries }) }
}

const oneKeys: ReadonlySet<string> = new Set(['type', 'name'])
const allowedKeys: ReadonlySet<string> = new Set(['type', 'mode', 'tools'])
