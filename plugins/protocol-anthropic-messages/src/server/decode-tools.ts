import type { Json, JsonObject, Tool, ToolChoice } from '@gantry/core'
import {
  asArray,
  asObject,
  ownValue,
  pointerTo,
  readBoolean,
  readObject,
  readString,
  requireObject,
  requireString,
} from '@gantry/core/codec'
import { definedNote, protocolName, toolTypeNote } from '../name.ts'
import { cacheOf, extraOf } from '../parts.ts'
import { serverToolKind } from '../server-tools.ts'
import { clientTools } from './client-tools.ts'
import { fault, unknownTag } from './own-words.ts'

const toolKeys: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'defer_loading',
  'cache_control',
])
const choiceKeys: ReadonlySet<string> = new Set(['type', 'name', 'disable_parallel_tool_use'])
const choiceTypes: readonly string[] = ['auto', 'any', 'tool', 'none']

/** Tools that Anthropic defines, without the date that each version of them carries. */
const vendorTools: readonly string[] = [
  'web_search',
  'web_fetch',
  'code_execution',
  'bash',
  'text_editor',
  'computer',
  'memory',
  'advisor',
  'tool_search_tool_regex',
  'tool_search_tool_bm25',
  'mcp_toolset',
]

/** Reads `tools`; undefined when there are none. Throws `invalid_request` at the field. */
export function decodeTools(body: JsonObject): readonly Tool[] | undefined {
  const value = ownValue(body, 'tools')
  if (value === undefined || value === null) return undefined
  const tools = asArray(value, '/tools').map((one, index) => decodeTool(one, pointerTo('/tools', index)))
  return tools.length === 0 ? undefined : tools
}

/** Reads `tool_choice`. A forced tool has to be declared. */
export function decodeToolChoice(
  body: JsonObject,
  tools: readonly Tool[] | undefined,
): ToolChoice | undefined {
  const at = '/tool_choice'
  const choice = readObject(body, 'tool_choice', '')
  if (!choice) return undefined
  const type = requireString(choice, 'type', at)
  const off = readBoolean(choice, 'disable_parallel_tool_use', at)
  const rest = { ...(off !== undefined && { parallel: !off }), ...extraOf(choice, choiceKeys) }
  switch (type) {
    case 'auto':
    case 'none':
      return { mode: type, ...rest }
    case 'any':
      checkAny(body, tools)
      return { mode: 'required', ...rest }
    case 'tool': {
      const name = requireString(choice, 'name', at)
      checkAny(body, tools)
      checkDeclared(name, tools, body)
      return { mode: 'required', names: [name], ...rest }
    }
    default:
      throw unknownTag(at, type, choiceTypes)
  }
}

function decodeTool(value: Json, at: string): Tool {
  const tool = asObject(value, at)
  const type = readString(tool, 'type', at)
  readObject(tool, 'cache_control', at)
  const deferred = readBoolean(tool, 'defer_loading', at)
  if (type !== undefined && type !== 'custom') return vendorTool(tool, type, deferred, at)
  const name = requireString(tool, 'name', at)
  const description = readString(tool, 'description', at)
  const strict = readBoolean(tool, 'strict', at)
  const { extra } = extraOf(tool, toolKeys)
  const notes =
    type === undefined ? extra?.[protocolName] : { ...extra?.[protocolName], [toolTypeNote]: type }
  return {
    type: 'function',
    name,
    ...(description !== undefined && { description }),
    schema: requireObject(tool, 'input_schema', at),
    ...(strict !== undefined && { strict }),
    ...(deferred !== undefined && { deferred }),
    ...cacheOf(tool),
    ...(notes && { extra: { [protocolName]: notes } }),
    at,
  }
}

/** A tool that Anthropic defines, whatever its version. One that the client runs is a function to everybody else. */
function vendorTool(tool: JsonObject, type: string, deferred: boolean | undefined, at: string): Tool {
  const base = type.replace(/_\d{8}$/, '')
  // A version says that it is one of the vendor's, even where the tool is newer than this list.
  if (base === type && !vendorTools.includes(type)) throw unknownTag(at, type, ['custom', ...vendorTools])
  const name = readString(tool, 'name', at)
  const common = { ...(deferred !== undefined && { deferred }), ...cacheOf(tool), at }
  const clients = clientTools.get(base)
  if (clients && name !== undefined) {
    return {
      type: 'function',
      name,
      ...clients,
      ...common,
      extra: { [protocolName]: { [definedNote]: tool } },
    }
  }
  return {
    type: 'server',
    tool: base === 'mcp_toolset' ? 'mcp' : serverToolKind(base),
    ...(name !== undefined && { name }),
    ...common,
    native: { protocol: protocolName, value: tool },
  }
}

function checkAny(body: JsonObject, tools: readonly Tool[] | undefined): void {
  if (tools || body['mcp_servers'] !== undefined) return
  throw fault('/tool_choice', 'tool_choice may only be specified while providing tools')
}

function checkDeclared(name: string, tools: readonly Tool[] | undefined, body: JsonObject): void {
  // Tools of MCP servers are known to the vendor only.
  if (body['mcp_servers'] !== undefined) return
  const isDeclared = tools?.some((tool) => 'name' in tool && tool.name === name)
  if (!isDeclared)
    throw fault('/tool_choice/name', `Tool '${name.slice(0, 128)}' not found in provided tools`)
}
