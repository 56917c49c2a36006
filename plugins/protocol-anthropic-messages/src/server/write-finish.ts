import type { Finish, FinishReason, JsonObject } from '@gantry/core'
import { reasonOf } from '../finish.ts'
import { protocolName } from '../name.ts'

/** The wire's word for each reason; `error` has none: such an answer has failed. */
const words: { readonly [reason in FinishReason]: string } = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  compaction: 'compaction',
  error: 'end_turn',
  other: 'end_turn',
}

/** `stop_reason` and `stop_sequence`, and `stop_details` where the upstream gave some. */
export function writeFinish(finish: Finish | undefined, own: boolean, refused: boolean): JsonObject {
  if (!finish) return { stop_reason: null, stop_sequence: null }
  const { raw, reason, stopSequence } = finish
  const still = raw !== undefined && (reasonOf(raw) ?? (own ? 'other' : undefined)) === reason
  const details = finish.extra?.[protocolName]?.['stop_details']
  return {
    stop_reason: still ? raw : wordFor(reason, stopSequence, refused),
    stop_sequence: stopSequence ?? null,
    ...(details !== undefined && { stop_details: details }),
  }
}

function wordFor(reason: FinishReason, stopSequence: string | undefined, refused: boolean): string {
  if (reason === 'stop' && refused) return words.refusal
  return reason === 'stop' && stopSequence !== undefined ? 'stop_sequence' : words[reason]
}
