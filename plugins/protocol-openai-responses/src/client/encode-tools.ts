import type {
  CustomTool,
  FunctionTool,
  GenerateRequest,
  JsonObject,
  NamespaceTool,
  ServerToolDefinition,
  Tool,
} from '@gantry/core'
import { pointerTo, jsonSchemaOf } from '@gantry/core/codec'
import { name as protocol } from '../name.ts'
import { ownFields, type Draft } from '../own.ts'
import { isAdded, isClientSearch, toolSearch } from '../tool-notes.ts'
import { hostedTool } from './hosted-tools.ts'
import type { Scope } from './scope.ts'

/** `tools`. Tools that `input` brings stand there already, for a request of this wire. */
export function encodeTools(request: GenerateRequest, scope: Scope): readonly JsonObject[] {
  const tools = request.tools ?? []
  // Names first: a call of the history, or a choice, must find the tool however late it is declared.
  tools.forEach((tool) => nameTool(tool, scope))
  return tools.flatMap((tool, index) => {
    const at = tool.at ?? pointerTo('/tools', index)
    scope.losses.foreign(tool.extra, at)
    return isAdded(tool) && scope.own && scope.quirks.toolSearch ? [] : encodeTool(tool, at, scope)
  })
}

function nameTool(tool: Tool, scope: Scope): void {
  if (tool.type === 'namespace') {
    for (const inner of tool.tools) {
      if (inner.type === 'function' || inner.type === 'custom')
        scope.names.tool({ kind: inner.type, name: inner.name, namespace: tool.name })
    }
  } else if (tool.type !== 'server' && !isClientSearch(tool))
    scope.names.tool({ kind: tool.type, name: tool.name })
}

function encodeTool(tool: Tool, at: string, scope: Scope): readonly JsonObject[] {
  if (tool.cache) scope.losses.dropped(at, 'cache.breakpoint', 'not on tools')
  switch (tool.type) {
    case 'function':
      return encodeFunction(tool, at, scope)
    case 'custom':
      return [encodeCustom(tool, at, scope)]
    case 'namespace':
      return encodeNamespace(tool, at, scope)
    case 'server':
      return encodeServer(tool, at, scope)
  }
}

function encodeFunction(
  tool: FunctionTool,
  at: string,
  scope: Scope,
  namespace?: string,
): readonly JsonObject[] {
  const parameters = tool.schema && (tool.dialect === 'openapi' ? jsonSchemaOf(tool.schema) : tool.schema)
  if (isClientSearch(tool)) {
    if (scope.quirks.toolSearch) {
      return [{ ...ownFields(tool), type: toolSearch, ...described(tool), ...(parameters && { parameters }) }]
    }
    scope.losses.lowered(at, 'tool.tool_search', 'sent as a function')
    scope.names.restore(toolSearch)
    return [
      {
        type: 'function',
        name: toolSearch,
        ...described(tool),
        parameters: parameters ?? noParameters,
        strict: false,
      },
    ]
  }
  // Claude Code declares it so that its search has something to find; it is never called.
  if (!scope.own && tool.deferred && tool.name === 'DeferredToolPlaceholder') {
    scope.losses.dropped(at, 'tool.deferred', 'a placeholder')
    return []
  }
  if (!scope.own && tool.deferred) scope.losses.dropped(at, 'tool.deferred', 'it is loaded at once')
  const { name } = scope.names.tool({ kind: 'function', name: tool.name, namespace })
  return [
    {
      ...ownFields(tool),
      type: 'function',
      name,
      ...described(tool),
      ...(parameters ? { parameters } : !scope.own && { parameters: noParameters }),
      // Left out, this wire would try to enforce the schema.
      ...(tool.strict !== undefined ? { strict: tool.strict } : !scope.own && { strict: false }),
      ...(scope.own && tool.deferred !== undefined && { defer_loading: tool.deferred }),
    },
  ]
}

function encodeCustom(tool: CustomTool, at: string, scope: Scope, namespace?: string): JsonObject {
  const { name, isWrapped } = scope.names.tool({ kind: 'custom', name: tool.name, namespace })
  if (isWrapped) {
    scope.losses.lowered(at, 'tool.custom', 'sent as a function with one text argument')
    return wrapped(tool, name)
  }
  return {
    ...ownFields(tool),
    type: 'custom',
    name,
    ...described(tool),
    ...(tool.format && { format: tool.format }),
    ...(scope.own && tool.deferred !== undefined && { defer_loading: tool.deferred }),
  }
}

/** A grammar cannot be enforced in a function's argument: the model is told. */
function wrapped(tool: CustomTool, name: string): JsonObject {
  const { description = '', format } = tool
  const grammar =
    typeof format?.['definition'] === 'string'
      ? `The input has to follow this ${String(format['syntax'] ?? 'formal')} grammar:\n${format['definition']}`
      : ''
  const text = [description, grammar].filter((line) => line !== '').join('\n\n')
  return {
    type: 'function',
    name,
    ...(text !== '' && { description: text }),
    parameters: {
      type: 'object',
      properties: { input: { type: 'string', description: 'The whole input, as plain text.' } },
      required: ['input'],
      additionalProperties: false,
    },
    strict: false,
  }
}

/** Tools that cannot keep their name inside the namespace stand beside it, with its name before theirs. */
function encodeNamespace(tool: NamespaceTool, at: string, scope: Scope): readonly JsonObject[] {
  const inside: JsonObject[] = []
  const beside: JsonObject[] = []
  tool.tools.forEach((inner, index) => {
    const pointer = inner.at ?? pointerTo(at, 'tools', index)
    scope.losses.foreign(inner.extra, pointer)
    if (inner.type !== 'function' && inner.type !== 'custom') {
      scope.losses.dropped(pointer, `tool.${inner.type}`, 'not inside a namespace')
      return
    }
    const { namespace } = scope.names.tool({ kind: inner.type, name: inner.name, namespace: tool.name })
    if (namespace === undefined)
      scope.losses.lowered(pointer, 'tool.namespace', 'its name stands before the tool’s')
    const encoded =
      inner.type === 'function'
        ? encodeFunction(inner, pointer, scope, tool.name)
        : [encodeCustom(inner, pointer, scope, tool.name)]
    for (const one of encoded) (namespace === undefined ? beside : inside).push(one)
  })
  if (inside.length === 0) return beside
  const fields: Draft = {
    ...ownFields(tool),
    type: 'namespace',
    name: tool.name,
    ...described(tool),
    tools: inside,
  }
  // The wire wants one.
  if (!scope.own) fields['description'] ??= tool.name
  return [fields, ...beside]
}

function encodeServer(tool: ServerToolDefinition, at: string, scope: Scope): readonly JsonObject[] {
  const { hostedTools, toolSearch: hasSearch } = scope.quirks
  if (!hostedTools || (tool.tool === 'tool_search' && !hasSearch)) {
    scope.losses.dropped(at, `tool.${tool.tool}`, 'the host does not run it')
    return []
  }
  if (tool.native.protocol === protocol) return [tool.native.value]
  const made = hostedTool(tool)
  if (!made) {
    scope.losses.dropped(at, `tool.${tool.tool}`)
    return []
  }
  if (made.lost.length > 0) {
    scope.losses.approximated(at, `tool.${tool.tool}`, `without ${made.lost.join(', ')}`)
  } else scope.losses.lowered(at, `tool.${tool.tool}`, 'as this wire’s own')
  return [made.value]
}

function described(tool: Tool): Draft {
  return tool.description === undefined ? {} : { description: tool.description }
}

const noParameters: JsonObject = { type: 'object', properties: {} }
