import type { Json, JsonObject, Tool, ToolChoice } from '@gantry/core'
import {
  asObject,
  collectExtra,
  invalidField,
  isObject,
  readArray,
  readBoolean,
  readObject,
  readString,
  requireObject,
  requireString,
  wrongType,
} from '@gantry/core/codec'
import { name as protocol, ownExtra, restOf } from '../own.ts'
import { cacheFields, cacheOf } from '../cache.ts'

/** Reads `tools`, the older `functions`, and `web_search_options`, which is a tool in all but name. */
export function decodeTools(body: JsonObject): readonly Tool[] | undefined {
  const tools = readArray(body, 'tools', '')?.map((value, index) =>
    decodeTool(asObject(value, `/tools/${index}`), `/tools/${index}`),
  )
  const functions = readArray(body, 'functions', '')?.map((value, index) => {
    const at = `/functions/${index}`
    const made = asObject(value, at)
    return decodeFunction(made, at, at, { ...collectExtra(made, functionKeys), $legacy: true })
  })
  const search = readObject(body, 'web_search_options', '')
  if (!tools && !functions && !search) return undefined
  return [
    ...(tools ?? []),
    ...(functions ?? []),
    ...(search
      ? [
          {
            type: 'server' as const,
            tool: 'web_search',
            native: { protocol, value: search },
            at: '/web_search_options',
            ...ownExtra({ $field: 'web_search_options' }),
          },
        ]
      : []),
  ]
}

/** Reads `tool_choice`, the older `function_call`, and `parallel_tool_calls`. */
export function decodeToolChoice(body: JsonObject): ToolChoice | undefined {
  const parallel = readBoolean(body, 'parallel_tool_calls', '')
  const choice = choiceOf(body['tool_choice'], '/tool_choice') ?? legacyChoice(body['function_call'])
  if (!choice && parallel === undefined) return undefined
  return {
    ...(choice ?? { mode: 'auto', ...ownExtra({ $implied: true }) }),
    ...(parallel !== undefined && { parallel }),
  }
}

function decodeTool(tool: JsonObject, at: string): Tool {
  const type =
    tool['type'] === undefined && isObject(tool['function']) ? 'function' : requireString(tool, 'type', at)
  if (type === 'function' && (tool['function'] !== undefined || tool['name'] === undefined)) {
    const made = requireObject(tool, 'function', at)
    const inner = collectExtra(made, functionKeys)
    return {
      ...decodeFunction(made, `${at}/function`, at, {
        ...collectExtra(tool, toolKeys),
        ...(inner && { $made: inner }),
      }),
      ...cacheOf(tool),
    }
  }
  if (type === 'custom') {
    const made = requireObject(tool, 'custom', at)
    const description = readString(made, 'description', `${at}/custom`)
    const format = readObject(made, 'format', `${at}/custom`)
    const inner = collectExtra(made, customKeys)
    return {
      type: 'custom',
      name: requireString(made, 'name', `${at}/custom`),
      ...(description !== undefined && { description }),
      ...(format && { format: flatFormat(format) }),
      ...cacheOf(tool),
      ...restOf(tool, toolKeys, inner && { $made: inner }),
      at,
    }
  }
  const name = readString(tool, 'name', at)
  return {
    type: 'server',
    tool: serverTool(type),
    ...(name !== undefined && { name }),
    native: { protocol, value: tool },
    at,
  }
}

function decodeFunction(made: JsonObject, at: string, toolAt: string, notes: JsonObject): Tool {
  const description = readString(made, 'description', at)
  const schema = readObject(made, 'parameters', at)
  const strict = readBoolean(made, 'strict', at)
  return {
    type: 'function',
    name: requireString(made, 'name', at),
    ...(description !== undefined && { description }),
    ...(schema && { schema }),
    ...(strict !== undefined && { strict }),
    ...ownExtra(notes),
    at: toolAt,
  }
}

/** The model's grammar is flat, as Responses writes it: `{type, syntax, definition}`. */
function flatFormat(format: JsonObject): JsonObject {
  const { grammar, ...rest } = format
  return isObject(grammar) ? { ...rest, ...grammar } : format
}

function choiceOf(value: Json | undefined, at: string): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined
  if (value === 'auto' || value === 'none' || value === 'required') return { mode: value }
  // Mistral's word for it.
  if (value === 'any') return { mode: 'required', ...ownExtra({ $word: 'any' }) }
  if (typeof value === 'string')
    throw invalidField(`has to be "auto", "none", "required" or an object, not "${value.slice(0, 40)}"`, at)
  if (!isObject(value)) throw wrongType('a string or an object', value, at)
  switch (requireString(value, 'type', at)) {
    case 'function':
      return { mode: 'required', names: [nameIn(value, 'function', at)] }
    case 'custom':
      return { mode: 'required', names: [nameIn(value, 'custom', at)] }
    case 'allowed_tools':
      return allowed(value, at)
    default:
      return { mode: 'native', native: { protocol, value } }
  }
}

function allowed(value: JsonObject, at: string): ToolChoice {
  const inner = isObject(value['allowed_tools']) ? value['allowed_tools'] : value
  const tools = readArray(inner, 'tools', `${at}/allowed_tools`) ?? []
  const names = tools.flatMap((tool) => {
    if (!isObject(tool)) return []
    const made = isObject(tool['function'])
      ? tool['function']
      : isObject(tool['custom'])
        ? tool['custom']
        : tool
    return typeof made['name'] === 'string' ? [made['name']] : []
  })
  // A list with hosted tools in it cannot be told by names.
  if (names.length !== tools.length) return { mode: 'native', native: { protocol, value } }
  return { mode: inner['mode'] === 'required' ? 'required' : 'auto', names, ...ownExtra({ $allowed: true }) }
}

function nameIn(value: JsonObject, field: string, at: string): string {
  return requireString(requireObject(value, field, at), 'name', `${at}/${field}`)
}

function legacyChoice(value: Json | undefined): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined
  const legacy = ownExtra({ $legacy: true })
  if (value === 'auto' || value === 'none') return { mode: value, ...legacy }
  if (!isObject(value)) throw wrongType('"auto", "none" or an object', value, '/function_call')
  return { mode: 'required', names: [requireString(value, 'name', '/function_call')], ...legacy }
}

/** `openrouter:web_search` and `web_search_preview` are both a web search. */
function serverTool(type: string): string {
  const word = type.replace(/^[a-z]+:/, '')
  return word.startsWith('web_search') || word === 'browser_search' ? 'web_search' : word
}

const toolKeys = new Set(['type', 'function', 'custom', ...cacheFields])
const functionKeys = new Set(['name', 'description', 'parameters', 'strict'])
const customKeys = new Set(['name', 'description', 'format'])
