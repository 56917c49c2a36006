import type { Finish, FinishReason, JsonObject } from '@gantry/core'
import { asString } from './json.ts'
import { protocolName } from './name.ts'

const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['compaction', 'compaction'],
])

/**
 * Why an answer ended, from a message or a `message_delta.delta`; undefined when it gives no reason.
 * The wire is believed: calls may be there although the reason is `end_turn`, when a code program ran them.
 */
export function readFinish(raw: JsonObject): Finish | undefined {
  const word = asString(raw['stop_reason'])
  if (word === undefined) return undefined
  const stopSequence = asString(raw['stop_sequence'])
  const details = raw['stop_details']
  return {
    reason: reasons.get(word) ?? 'other',
    raw: word,
    ...(stopSequence !== undefined && { stopSequence }),
    ...(details !== undefined &&
      details !== null && {
        extra: { [protocolName]: { stop_details: details } },
      }),
  }
}

/** What a word of the wire means; undefined for one that is no word of it. */
export function reasonOf(word: string): FinishReason | undefined {
  return reasons.get(word)
}

/** The reason of a complete answer whose host gave none. */
export function impliedFinish(hasCalls: boolean): Finish {
  return { reason: hasCalls ? 'tool_calls' : 'stop' }
}
