import type { Finish, FinishReason, JsonObject, Part } from '@gantry/core'
import { name } from './name.ts'
import { objectOf, stringOf } from './own.ts'

/** Why a response is `incomplete`. Sources: the SDK's types (openai 7.55), recorded traffic. */
const incomplete: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['max_output_tokens', 'length'],
  ['max_tokens', 'length'],
  ['length', 'length'],
  ['content_filter', 'content_filter'],
  ['max_messages', 'other'],
  ['steered', 'other'],
])

/** Words of `status` for an answer that is whole; `complete` was recorded behind a compatible host. */
const whole: ReadonlySet<string> = new Set(['completed', 'complete'])
const waiting: ReadonlySet<string> = new Set(['queued', 'in_progress'])

/**
 * Why a response ended; undefined while it is queued or in progress. `raw` is the reason of an incomplete response,
 * else its status. The wire says `completed` beside calls, so an unanswered call of the client's decides.
 */
export function decodeFinish(response: JsonObject, parts: readonly Part[]): Finish | undefined {
  const status = stringOf(response['status'])
  if (status !== undefined && waiting.has(status)) return undefined
  const stopped: FinishReason = hasOpenCalls(parts) ? 'tool_calls' : 'stop'
  // A host that leaves the status out has said all it had to say.
  if (status === undefined) return { reason: stopped }
  if (whole.has(status)) return { reason: stopped, raw: status }
  if (status !== 'incomplete')
    return { reason: status === 'failed' || status === 'cancelled' ? 'error' : 'other', raw: status }
  const details = objectOf(response['incomplete_details'])
  const why = stringOf(details?.['reason'])
  const { reason: _reason, ...more } = details ?? {}
  return {
    reason: why === undefined ? 'length' : (incomplete.get(why) ?? 'other'),
    raw: why ?? status,
    ...(Object.keys(more).length > 0 && { extra: { [name]: { incomplete_details: more } } }),
  }
}

/** `status` and `incomplete_details` of a finished response. */
export interface ResponseStatus {
  readonly status: string
  readonly incomplete_details: JsonObject | null
}

/** The inverse: the upstream's own word while it still means the same, else the word for the reason. */
export function encodeStatus(finish: Finish): ResponseStatus {
  const { reason, raw } = finish
  const more = objectOf(finish.extra?.[name]?.['incomplete_details'])
  if (raw !== undefined) {
    if (whole.has(raw) && !isIncomplete(reason) && reason !== 'error')
      return { status: raw, incomplete_details: null }
    if (raw === 'incomplete' && reason === 'length') return { status: raw, incomplete_details: more ?? null }
    if (incomplete.get(raw) === reason)
      return { status: 'incomplete', incomplete_details: { ...more, reason: raw } }
    if (raw === 'cancelled' && reason === 'error') return { status: raw, incomplete_details: null }
  }
  if (reason === 'length')
    return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
  if (reason === 'content_filter' || reason === 'refusal')
    return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }
  return { status: reason === 'error' ? 'failed' : 'completed', incomplete_details: null }
}

/** Whether a client has calls of this answer left to make. */
export function hasOpenCalls(parts: readonly Part[]): boolean {
  // From the end, so that what answers a call is known before the call is met.
  const answered = new Set<string>()
  let open = false
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at]
    if (part?.type === 'server_tool_result' || part?.type === 'tool_result') answered.add(part.callId)
    if (part?.type !== 'tool_call' || answered.has(part.callId)) continue
    const { caller } = part
    // A program of the provider's made the call, and has ended inside this answer.
    if (caller && caller.type !== 'direct' && caller.id !== undefined && answered.has(caller.id)) continue
    open = true
    break
  }
  return open
}

function isIncomplete(reason: FinishReason): boolean {
  return reason === 'length' || reason === 'content_filter' || reason === 'refusal'
}
