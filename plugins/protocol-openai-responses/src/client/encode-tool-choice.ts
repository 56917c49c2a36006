import type { GenerateRequest, Json, JsonObject, ToolChoice } from '@gantry/core'
import { name as protocol } from '../name.ts'
import { note, ownFields, type Draft } from '../own.ts'
import type { Scope } from './scope.ts'

/** `tool_choice` and `parallel_tool_calls`. Neither may stand without tools, except where `input` or a stored prompt brings them. */
export function encodeToolChoice(
  request: GenerateRequest,
  tools: readonly JsonObject[],
  scope: Scope,
): Draft {
  const choice = request.toolChoice
  if (!choice) return {}
  scope.losses.foreign(choice.extra, '/tool_choice')
  const fields: Draft = {}
  if (tools.length === 0 && !scope.own && !bringsTools(request)) {
    // `auto` and `none` say nothing where nothing can be called.
    if (choice.mode === 'required' || choice.mode === 'native')
      scope.losses.dropped('/tool_choice', 'tool_choice', 'there are no tools')
    return fields
  }
  if (choice.parallel !== undefined) fields['parallel_tool_calls'] = choice.parallel
  if (note(choice, '$implied') === true && choice.mode === 'auto' && !choice.names) return fields
  const value = valueOf(choice, tools, scope)
  if (value === undefined) scope.losses.dropped('/tool_choice', 'tool_choice')
  else fields['tool_choice'] = value
  return fields
}

function valueOf(choice: ToolChoice, tools: readonly JsonObject[], scope: Scope): Json | undefined {
  const { mode, names } = choice
  if (mode === 'native') return choice.native?.protocol === protocol ? choice.native.value : undefined
  if (!names || mode === 'none') return mode
  const chosen = names.map((name) => referTo(name, tools, scope))
  const [only] = chosen
  // The wire's own list of types that may be chosen alone lacks some that it runs; a list of one takes any.
  const isAlone = chosen.length === 1 && only?.['name'] !== undefined
  if (mode === 'required' && only && isAlone && note(choice, '$allowed') === undefined) {
    return { ...ownFields(choice), ...only }
  }
  return { ...ownFields(choice), type: 'allowed_tools', mode, tools: chosen }
}

/** A tool as a choice refers to it; a hosted one has its type instead of a name. */
function referTo(name: string, tools: readonly JsonObject[], scope: Scope): JsonObject {
  const wire = scope.names.tool({ kind: scope.names.kindOf(name), name })
  const declared = tools.some((tool) => tool['name'] === wire.name)
  const hosted = declared
    ? undefined
    : tools.find((tool) => typeof tool['type'] === 'string' && isNamed(tool, name))
  if (hosted) return { type: hosted['type'] }
  return { type: wire.isWrapped ? 'function' : scope.names.kindOf(name), name: wire.name }
}

/** Vendors name a hosted tool by its kind (`web_search`) or its versioned type. */
function isNamed(tool: JsonObject, name: string): boolean {
  const type = String(tool['type'])
  return type === name || type.startsWith(`${name}_`)
}

function bringsTools(request: GenerateRequest): boolean {
  return request.turns.some(({ parts }) => parts.some(({ type }) => type === 'tools_added'))
}
