import { GatewayError, type Json, type JsonObject, type Tool } from '@gantry/core'
import {
  asObject,
  pointerTo,
  readArray,
  readBoolean,
  readObject,
  readString,
  requireArray,
  requireString,
  type FieldReader,
} from '@gantry/core/codec'
import { serverToolOf } from '../item-kinds.ts'
import { name as protocol } from '../name.ts'
import { ownExtra, restOf } from '../own.ts'
import { addedNote, declaredNote, toolSearch } from '../tool-notes.ts'

/**
 * Reads `tools`. A tool search that the client runs becomes a function of that name, so that every protocol can offer it;
 * calls of it come back as the items this wire has for them. Throws `invalid_request` for a type nobody knows.
 */
export function decodeTools(body: JsonObject): readonly Tool[] | undefined {
  return readArray(body, 'tools', '')?.map((value, index) => decodeTool(value, pointerTo('/tools', index)))
}

/** Tools that the conversation itself announces: they stand in `input`, not in `tools`. */
export function decodeAddedTools(tools: readonly Json[], at: string): readonly Tool[] {
  return tools.map((value, index) => {
    // What a search has found is loaded.
    const { deferred: _loaded, ...tool } = decodeTool(value, pointerTo(at, index))
    return { ...tool, ...ownExtra({ ...tool.extra?.[protocol], [addedNote]: true }) }
  })
}

/** One tool, as it stands in `tools`, in a namespace, or in an item that brings more. */
export function decodeTool(value: Json, at: string): Tool {
  const tool = asObject(value, at)
  const type = requireString(tool, 'type', at)
  switch (type) {
    case 'function':
      return {
        type,
        name: requireString(tool, 'name', at),
        ...optional(tool, at, { description: readString, strict: readBoolean }),
        ...as('schema', readObject(tool, 'parameters', at)),
        ...as('deferred', readBoolean(tool, 'defer_loading', at)),
        ...restOf(tool, functionKeys),
        at,
      }
    case 'custom':
      return {
        type,
        name: requireString(tool, 'name', at),
        ...optional(tool, at, { description: readString, format: readObject }),
        ...as('deferred', readBoolean(tool, 'defer_loading', at)),
        ...restOf(tool, customKeys),
        at,
      }
    case 'namespace':
      return {
        type,
        name: requireString(tool, 'name', at),
        ...optional(tool, at, { description: readString }),
        tools: requireArray(tool, 'tools', at).map((inner, index) =>
          decodeNested(inner, pointerTo(at, 'tools', index)),
        ),
        ...restOf(tool, namespaceKeys),
        at,
      }
    case 'tool_search':
      if (tool['execution'] === 'client') return clientSearch(tool, at)
      return hosted(tool, type, at)
    default:
      if (isHosted(type)) return hosted(tool, type, at)
      throw unknownType(type, at)
  }
}

/** Whether a type names a tool that the provider or the client's own runtime brings. */
export function isHosted(type: string): boolean {
  // Routers name their own tools with a prefix (`openrouter:web_search`); versions end in a date.
  return hostedTypes.has(type) || hostedTypes.has(withoutVersion(type)) || /^[a-z]+:[a-z0-9_]+$/.test(type)
}

function clientSearch(tool: JsonObject, at: string): Tool {
  return {
    type: 'function',
    name: toolSearch,
    ...optional(tool, at, { description: readString }),
    ...as('schema', readObject(tool, 'parameters', at)),
    ...restOf(tool, searchKeys, { [declaredNote]: toolSearch }),
    at,
  }
}

function hosted(tool: JsonObject, type: string, at: string): Tool {
  const own = readString(tool, 'name', at)
  return {
    type: 'server',
    tool: serverToolOf(withoutVersion(type.replace(/^[a-z]+:/, ''))),
    ...as('name', own),
    native: { protocol, value: tool },
    at,
  }
}

function decodeNested(value: Json, at: string): Tool {
  const type = asObject(value, at)['type']
  if (type === 'namespace') throw unknownType('namespace', at, nestedTypes)
  return decodeTool(value, at)
}

/** `web_search_preview_2025_03_11` and `web_search_preview` are one tool. */
function withoutVersion(type: string): string {
  return type.replace(/_\d{4}_\d{2}_\d{2}$/, '')
}

function unknownType(type: string, at: string, known: readonly string[] = toolTypes): GatewayError {
  const words = known.map((word) => `'${word}'`).join(', ')
  return new GatewayError({
    class: 'invalid_request',
    code: 'invalid_value',
    param: pointerTo(at, 'type'),
    message: `Invalid value: '${type.slice(0, 64)}'. Supported values are: ${words}.`,
  })
}

/** Fields that keep their name. */
function optional<T extends { readonly [key: string]: FieldReader<unknown> }>(
  object: JsonObject,
  at: string,
  readers: T,
): { readonly [K in keyof T]?: Exclude<ReturnType<T[K]>, undefined> } {
  const found: { [key: string]: unknown } = {}
  for (const [key, reader] of Object.entries(readers)) {
    const value = reader(object, key, at)
    if (value !== undefined) found[key] = value
  }
  return found as { readonly [K in keyof T]?: Exclude<ReturnType<T[K]>, undefined> }
}

function as<const K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]?: V })
}

const hostedTypes: ReadonlySet<string> = new Set([
  'tool_search',
  'web_search',
  'web_search_preview',
  'file_search',
  'computer',
  'computer_use',
  'computer_use_preview',
  'code_interpreter',
  'image_generation',
  'mcp',
  'local_shell',
  'shell',
  'apply_patch',
  'programmatic_tool_calling',
  // xAI's, on the same wire.
  'x_search',
  'collections_search',
  'code_execution',
])
const toolTypes: readonly string[] = ['function', 'custom', 'namespace', ...hostedTypes]
const nestedTypes: readonly string[] = ['function', 'custom']

const functionKeys: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'parameters',
  'strict',
  'defer_loading',
])
const customKeys: ReadonlySet<string> = new Set(['type', 'name', 'description', 'format', 'defer_loading'])
const namespaceKeys: ReadonlySet<string> = new Set(['type', 'name', 'description', 'tools'])
const searchKeys: ReadonlySet<string> = new Set(['type', 'description', 'parameters'])
