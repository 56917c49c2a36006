import type { GatewayEvent, GenerateResponse, JsonObject, Part, ServerContext } from '@gantry/core'
import { eventsOf } from '@gantry/core/codec'
import { statusNote } from '../item-parts.ts'
import { name } from '../name.ts'
import { note } from '../own.ts'
import { answerWriter, type AnswerWriter } from './answer-writer.ts'

/**
 * A whole answer as a response object. It is built as its stream would be, so that both say the same. An answer without
 * a finish is still to come: it says so in `status`.
 */
export function encodeResponse(response: GenerateResponse, context: ServerContext<'generate'>): JsonObject {
  let answer: AnswerWriter | undefined
  const parts = withoutAnswered(response.parts, context)
  eventsOf({ ...response, parts }, (event: GatewayEvent) => {
    if (event.type === 'start') answer = answerWriter(event, context, () => {})
    else answer?.push(event)
  })
  answer ??= answerWriter(undefined, context, () => {})
  if (response.error) return answer.failed(response.error)
  if (response.finish) return answer.final()
  const status = note(response, statusNote)
  return answer.response(typeof status === 'string' ? status : 'in_progress')
}

/**
 * Without calls that a program of the provider's made and that are answered in here already: a client of this wire would
 * make them again. An upstream of this wire has told it who the caller was.
 */
function withoutAnswered(parts: readonly Part[], { report }: ServerContext<'generate'>): readonly Part[] {
  const answered = new Set<string>()
  const kept: Part[] = []
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at]
    if (!part) continue
    if (part.type === 'server_tool_result' && part.native.protocol !== name) answered.add(part.callId)
    if (part.type === 'tool_call' && part.caller?.id !== undefined && answered.has(part.caller.id)) {
      report({ pointer: `/parts/${at}`, what: 'tool_call.answered', how: 'dropped', target: name })
      continue
    }
    kept.push(part)
  }
  return kept.length === parts.length ? parts : kept.toReversed()
}
