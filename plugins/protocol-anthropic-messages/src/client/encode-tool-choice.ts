import type { GenerateRequest, ToolChoice } from '@gantry/core'
import type { Block } from '../json.ts'
import { protocolName } from '../name.ts'
import type { WireTool } from './encode-tools.ts'
import { ownExtra } from './losses.ts'
import type { Scope } from './scope.ts'

const pointer = '/toolChoice'

/** Which tools are sent, and how the model may use them. */
export interface EncodedChoice {
  readonly tools: readonly WireTool[]
  readonly choice?: Block
  /** `any` or `tool`: refused together with thinking. */
  readonly forced: boolean
  /** For the system prompt, where the model cannot be forced. */
  readonly instruction?: string
}

/** `tool_choice` and the tools it leaves. Without tools it is dropped, because the wire refuses it then. */
export function encodeToolChoice(
  request: GenerateRequest,
  declared: readonly WireTool[],
  scope: Scope,
): EncodedChoice {
  const wanted = request.toolChoice
  if (!wanted) return { tools: declared, forced: false }
  const tools = allowed(wanted, declared, scope)
  const announced = request.turns.some((turn) =>
    turn.parts.some((part) => part.type === 'tools_added' && part.native.protocol === protocolName),
  )
  if (tools.length === 0 && !announced && !scope.verbatim) {
    if (wanted.mode === 'required') scope.losses.dropped(pointer, 'tool_choice', 'there are no tools')
    return { tools, forced: false }
  }
  const extra = ownExtra(wanted.extra, pointer, scope.losses)
  const isSaid = wanted.parallel === false || (scope.own && wanted.parallel !== undefined)
  const parallel = isSaid ? { disable_parallel_tool_use: !wanted.parallel } : {}
  switch (wanted.mode) {
    case 'none':
      return { tools, choice: { type: 'none', ...(scope.verbatim && parallel), ...extra }, forced: false }
    case 'native':
      if (wanted.native?.protocol === protocolName) {
        const { type } = wanted.native.value
        return {
          tools,
          choice: { ...wanted.native.value, ...parallel, ...extra },
          forced: type === 'any' || type === 'tool',
        }
      }
      scope.losses.dropped(pointer, 'tool_choice')
      return { tools, choice: { type: 'auto', ...parallel }, forced: false }
    case 'auto':
      return { tools, choice: { type: 'auto', ...parallel, ...extra }, forced: false }
    case 'required':
      return required(wanted, tools, { ...parallel, ...extra }, scope)
  }
}

/** `allowed_tools`: the wire has no such list, so only those tools are sent. One forced tool needs no filter. */
function allowed(wanted: ToolChoice, declared: readonly WireTool[], scope: Scope): readonly WireTool[] {
  const names = wanted.names
  if (!names || (wanted.mode === 'required' && names.length === 1)) return declared
  if (wanted.mode !== 'required' && wanted.mode !== 'auto') return declared
  const listed = new Set(names)
  const isAllowed = (tool: WireTool): boolean => tool.names.some((name) => listed.has(name))
  const kept = declared.filter(isAllowed)
  if (kept.length < declared.length)
    scope.losses.lowered(pointer, 'tool_choice.allowed', 'only these tools are sent')
  for (const tool of declared) {
    if (!isAllowed(tool)) scope.losses.dropped(tool.pointer, 'tool.not_allowed', 'tool_choice leaves it out')
  }
  return kept
}

function required(wanted: ToolChoice, tools: readonly WireTool[], rest: Block, scope: Scope): EncodedChoice {
  const name = wanted.names?.length === 1 ? wanted.names[0] : undefined
  const found = name === undefined ? undefined : tools.find((tool) => tool.names.includes(name))
  if (name !== undefined && !found) {
    scope.losses.approximated(pointer, 'tool_choice', 'the named tool is not declared')
  }
  if (!scope.rules.forcedTools && !scope.verbatim) {
    scope.losses.approximated(pointer, 'tool_choice.required', 'this model cannot be forced; it is told to')
    return {
      tools,
      choice: { type: 'auto', ...rest },
      forced: false,
      instruction: found
        ? `You must call the tool ${found.wireName} now. Do not answer without calling it.`
        : 'You must call one of the available tools now. Do not answer without calling one.',
    }
  }
  const choice: Block = found ? { type: 'tool', name: found.wireName, ...rest } : { type: 'any', ...rest }
  return { tools, choice, forced: true }
}
