import type { Finish, FinishReason, Part } from '@gantry/core'

/** Words that hosts of this protocol use. Chat has five; the rest was seen behind compatible endpoints. */
const meanings: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['eos', 'stop'],
  ['complete', 'stop'],
  ['completed', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['safety', 'content_filter'],
  ['sensitive', 'content_filter'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['error', 'error'],
  ['network_error', 'error'],
  ['insufficient_system_resource', 'error'],
])

/** Reads a `finish_reason`. Hosts say `stop` beside calls, so an unanswered call decides. */
export function decodeFinish(raw: string | undefined, hasCalls: boolean): Finish {
  const meaning = raw === undefined ? 'stop' : (meanings.get(raw.toLowerCase()) ?? 'other')
  const reason = meaning === 'stop' && hasCalls ? 'tool_calls' : meaning
  return raw === undefined ? { reason } : { reason, raw }
}

/** The word for a chat client. The upstream's own is used only while it still means the same and chat knows it. */
export function encodeFinish(finish: Finish): string {
  const { reason, raw } = finish
  if (raw !== undefined && chatWords.has(raw) && meanings.get(raw) === reason) return raw
  switch (reason) {
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return reason
    case 'refusal':
      return 'content_filter'
    default:
      return 'stop'
  }
}

/** Whether a client has calls of this answer left to make. */
export function hasOpenCalls(parts: readonly Part[]): boolean {
  return parts.some((part) => part.type === 'tool_call' && !isAnswered(part, parts))
}

/** A call that a provider-run program made, and whose program has already ended inside this answer. */
export function isAnswered(call: Part, parts: readonly Part[]): boolean {
  if (call.type !== 'tool_call' || !call.caller || call.caller.type === 'direct') return false
  const { caller, callId } = call
  return parts
    .slice(parts.indexOf(call) + 1)
    .some(
      (part) =>
        (part.type === 'server_tool_result' && part.callId === caller.id) ||
        (part.type === 'tool_result' && part.callId === callId),
    )
}

const chatWords: ReadonlySet<string> = new Set([
  'stop',
  'length',
  'tool_calls',
  'function_call',
  'content_filter',
])
