import type { JsonObject, Part, ServerToolCallPart, ToolCallPart } from '@gantry/core'
import { withArguments } from '../arguments.ts'
import { readItemPart } from '../item-parts.ts'
import { name } from '../name.ts'
import { stringOf } from '../own.ts'
import { withCallId } from './answer.ts'
import { emitDelta, type Emit, type ItemScope, type OpenItem } from './open-item.ts'
import { trackText } from './text-track.ts'

type CallPart = ToolCallPart | ServerToolCallPart

/** Events that bring arguments: what stands before `.delta` and `.done`, and the field of the whole text. */
const argumentEvents: ReadonlyMap<string, string> = new Map([
  ['response.function_call_arguments', 'arguments'],
  ['response.mcp_call_arguments', 'arguments'],
  ['response.custom_tool_call_input', 'input'],
  ['response.code_interpreter_call_code', 'code'],
])

/** A call, the client's or the provider's: one part whose arguments stream. */
export function openCall(item: JsonObject, began: CallPart, scope: ItemScope, emit: Emit): OpenItem {
  const index = scope.next()
  const text = trackText()
  const start = withCallId(began, scope.answer, scope.position)
  emit({ type: 'part-start', index, part: { ...start, arguments: '' } })

  const add = (piece: string, emit: Emit): void => {
    if (piece === '') return
    text.add(piece)
    emitDelta(emit, index, { type: 'arguments', text: piece })
  }

  return {
    type: String(item['type']),
    take(type, event, emit) {
      const dot = type.lastIndexOf('.')
      const field = argumentEvents.get(type.slice(0, dot))
      const end = type.slice(dot)
      if (field !== undefined && end === '.delta') add(stringOf(event['delta']) ?? '', emit)
      else if (field !== undefined && end === '.done') add(text.missing(stringOf(event[field]) ?? ''), emit)
      // Progress of a hosted tool: its own protocol shows it, others do not.
      else emitDelta(emit, index, { type: 'native', native: { protocol: name, value: event } })
      return true
    },
    close(final, emit) {
      const stated = final && readItemPart(final, 'answer')
      const whole = sameCall(stated, start)
      // A host may say the arguments with the start and never again.
      add(text.missing(whole?.arguments || start.arguments), emit)
      const part = whole && finished(whole, text.value(), scope)
      emit({ type: 'part-end', index, ...(part && { part }) })
      return [part ?? { ...start, arguments: text.value() }]
    },
  }
}

/** What the upstream states counts, unless it forgets the arguments that it streamed. */
function finished(whole: CallPart, streamed: string, scope: ItemScope): Part {
  const made = whole.arguments === '' ? streamed : whole.arguments
  const part = withCallId({ ...whole, arguments: made }, scope.answer, scope.position)
  const { native } = part
  return native ? { ...part, native: { ...native, value: withArguments(native.value, made) } } : part
}

/** The stated call under the kind it began with: who runs it is told by the start. */
function sameCall(stated: Part | undefined, start: CallPart): CallPart | undefined {
  if (stated?.type !== 'tool_call' && stated?.type !== 'server_tool_call') return undefined
  if (stated.type === start.type) return stated
  const { callId, arguments: made, native } = stated
  return { ...start, callId, arguments: made, ...(native && { native }) } as CallPart
}
