import type { CustomTool, FunctionTool, JsonObject, ServerToolDefinition, Tool } from '@gantry/core'
import { pointerTo, jsonSchemaOf } from '@gantry/core/codec'
import { asArray, asObject, asString, type Block } from '../json.ts'
import { definedNote, protocolName, toolTypeNote } from '../name.ts'
import { ownExtra } from './losses.ts'
import { isRecursive, strictSchema } from './schema.ts'
import type { Scope } from './scope.ts'

/** A declared tool on the wire. */
export interface WireTool {
  /** Names by which the client may speak of it in `tool_choice`. */
  readonly names: readonly string[]
  readonly wireName: string
  readonly block: Block
  readonly pointer: string
}

/** Declared tools, namespaces flattened. A tool the wire has no form for is reported and left out. */
export function encodeTools(tools: readonly Tool[] | undefined, scope: Scope): readonly WireTool[] {
  const out: WireTool[] = []
  const seen = new Set<string>()
  const add = (
    tool: Tool,
    pointer: string,
    outer: readonly { name: string; description?: string }[],
  ): void => {
    if (tool.type === 'namespace') {
      scope.losses.lowered(pointer, 'tool.namespace', 'its tools carry its name')
      ownExtra(tool.extra, pointer, scope.losses)
      tool.tools.forEach((inner, index) =>
        add(inner, inner.at ?? pointerTo(pointer, 'tools', index), [...outer, tool]),
      )
      return
    }
    const encoded =
      tool.type === 'server' ? serverTool(tool, pointer, scope) : clientTool(tool, pointer, outer, scope)
    if (!encoded) return
    if (seen.has(encoded.wireName)) {
      scope.losses.dropped(pointer, 'tool.duplicate', 'names are unique on this wire')
      return
    }
    seen.add(encoded.wireName)
    Object.assign(encoded.block, ownExtra(tool.extra, pointer, scope.losses))
    out.push(encoded)
    scope.breakpoints.mark([encoded.block], tool.cache, pointer)
  }
  for (const [index, tool] of (tools ?? []).entries()) add(tool, tool.at ?? pointerTo('/tools', index), [])
  deferTools(tools ?? [], out, scope)
  return out
}

function clientTool(
  tool: FunctionTool | CustomTool,
  pointer: string,
  outer: readonly { name: string; description?: string }[],
  scope: Scope,
): WireTool {
  const namespace = outer.length > 0 ? outer.map(({ name }) => name).join('__') : undefined
  const kind = tool.type
  const wireName = scope.names.wireName({ kind, name: tool.name, namespace })
  if (wireName !== tool.name && namespace === undefined) {
    scope.losses.lowered(pointer, 'tool.name', 'shortened or cleaned; calls get the declared name back')
  }
  const grammar = tool.type === 'custom' && tool.format ? grammarText(tool.format) : undefined
  const description = [...outer.map((space) => space.description), tool.description, grammar]
    .filter(Boolean)
    .join('\n\n')
  const isWritten = description !== '' || (scope.own && tool.description !== undefined)
  const head: Block = { name: wireName, ...(isWritten && { description }) }
  if (tool.type === 'custom') {
    scope.losses.lowered(pointer, 'tool.custom', 'wrapped as a function with one text argument')
    const input_schema = {
      type: 'object',
      properties: { input: { type: 'string' } },
      required: ['input'],
      additionalProperties: false,
    }
    return { names: namesOf(tool.name, namespace), wireName, block: { ...head, input_schema }, pointer }
  }
  const defined = asObject(tool.extra?.[protocolName]?.[definedNote])
  if (defined && defined['name'] === tool.name) {
    const { cache_control: _cache, defer_loading: _deferred, ...block } = defined
    return { names: [tool.name], wireName, block, pointer }
  }
  const { schema, strict } = functionSchema(tool, pointer, scope)
  const written = scope.own ? asString(tool.extra?.[protocolName]?.[toolTypeNote]) : undefined
  const isStrict = scope.verbatim ? tool.strict : strict || undefined
  const block = {
    ...(written !== undefined && { type: written }),
    ...head,
    input_schema: schema,
    ...(isStrict !== undefined && { strict: isStrict }),
  }
  return { names: namesOf(tool.name, namespace), wireName, block, pointer }
}

function namesOf(name: string, namespace: string | undefined): readonly string[] {
  return namespace === undefined ? [name] : [name, `${namespace}__${name}`, namespace]
}

/** The wire has no grammar; the model can still read one. */
function grammarText(format: JsonObject): string | undefined {
  if (format['type'] === 'text') return undefined
  const definition = format['definition']
  const syntax = format['syntax']
  return typeof definition === 'string' && typeof syntax === 'string'
    ? `The input is free text in this ${syntax} grammar:\n${definition}`
    : `The input is free text of this format: ${JSON.stringify(format)}`
}

function functionSchema(
  tool: FunctionTool,
  pointer: string,
  scope: Scope,
): { readonly schema: JsonObject; readonly strict: boolean } {
  if (scope.verbatim && tool.schema) return { schema: tool.schema, strict: false }
  if (!tool.schema) return { schema: { type: 'object', properties: {} }, strict: false }
  const given = tool.dialect === 'openapi' ? jsonSchemaOf(tool.schema) : tool.schema
  const type = given['type']
  if (type !== undefined && type !== 'object') {
    scope.losses.approximated(pointer, 'tool.schema', 'arguments are an object on this wire')
  }
  const schema: JsonObject = type === undefined ? { type: 'object', ...given } : { ...given, type: 'object' }
  if (!tool.strict) return { schema, strict: false }
  if (!scope.rules.jsonSchema || isRecursive(schema)) {
    scope.losses.dropped(pointer, 'tool.strict')
    return { schema, strict: false }
  }
  const strict = strictSchema(schema, () =>
    scope.losses.approximated(pointer, 'tool.schema', 'bounds are described, not enforced'),
  )
  return { schema: strict, strict: true }
}

/** A tool that a vendor runs: our own as it is, a foreign web search as ours, nothing else. */
function serverTool(tool: ServerToolDefinition, pointer: string, scope: Scope): WireTool | undefined {
  const name = tool.name ?? tool.tool
  if (tool.native.protocol === protocolName) {
    const wireName = typeof tool.native.value['name'] === 'string' ? tool.native.value['name'] : name
    return { names: [name], wireName, block: { ...tool.native.value }, pointer }
  }
  if (tool.tool !== 'web_search') {
    scope.losses.dropped(pointer, `tool.${tool.tool}`)
    return undefined
  }
  scope.losses.approximated(pointer, 'tool.web_search', "Anthropic's own search runs instead")
  return { names: [name], wireName: 'web_search', block: webSearch(tool.native.value), pointer }
}

function webSearch(foreign: JsonObject): Block {
  const place = asObject(foreign['user_location'])
  const location = place && (asObject(place['approximate']) ?? place)
  const known = ['city', 'region', 'country', 'timezone'].flatMap((key) => {
    const value = location?.[key]
    return typeof value === 'string' && value !== '' ? [[key, value] as const] : []
  })
  const domains = asArray(asObject(foreign['filters'])?.['allowed_domains'])
  return {
    type: 'web_search_20250305',
    name: 'web_search',
    ...(known.length > 0 && { user_location: { type: 'approximate', ...Object.fromEntries(known) } }),
    ...(domains && domains.length > 0 && { allowed_domains: domains }),
  }
}

/**
 * Deferred tools stay hidden until something finds them. That works with this wire's own search or a client's; with
 * a foreign vendor's, nobody could, so they are shown at once.
 */
function deferTools(tools: readonly Tool[], out: readonly WireTool[], scope: Scope): void {
  if (scope.own) {
    const written = new Map(
      tools.map((tool, index) => [tool.at ?? pointerTo('/tools', index), tool.deferred]),
    )
    for (const { block, pointer } of out) {
      const deferred = written.get(pointer)
      if (deferred !== undefined) block['defer_loading'] = deferred
    }
    return
  }
  const deferred = new Set(
    tools.flatMap((tool, index) => (tool.deferred ? [tool.at ?? pointerTo('/tools', index)] : [])),
  )
  if (deferred.size === 0) return
  const foreignSearch = tools.some(
    (tool) => tool.type === 'server' && tool.tool === 'tool_search' && tool.native.protocol !== protocolName,
  )
  const possible = !foreignSearch && out.some(({ pointer }) => !deferred.has(pointer))
  for (const { block, pointer } of out) {
    if (!deferred.has(pointer)) continue
    if (possible) block['defer_loading'] = true
    else scope.losses.approximated(pointer, 'tool.deferred', 'shown from the start')
  }
}
