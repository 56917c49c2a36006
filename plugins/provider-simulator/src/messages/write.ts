import type { JsonObject } from '@gantry/core'
import type { AnswerPart } from '../answer.ts'
import { digest } from '../hash.ts'
import { isObject } from '../json.ts'
import type { Reply, StreamFrame } from '../wire.ts'
import { sign } from './signature.ts'

/** A whole answer on the messages wire. */
export function wholeMessage(reply: Reply): JsonObject {
  return {
    model: reply.prompt.model,
    id: messageId(reply),
    type: 'message',
    role: 'assistant',
    content: shown(reply).map((part, index) => block(reply, part, index)),
    ...stop(reply),
    usage: { ...inputUsage(reply), ...outputUsage(reply), service_tier: 'standard' },
  }
}

/** A streamed answer on the messages wire: start, a ping, each block opened, filled and closed, the end. */
export function* framesMessage(reply: Reply): Iterable<StreamFrame> {
  const { prompt, hash } = reply
  const message = {
    model: prompt.model,
    id: messageId(reply),
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: { ...inputUsage(reply), output_tokens: 1, service_tier: 'standard' },
  }
  yield { text: event({ type: 'message_start', message }) }
  yield { text: event({ type: 'ping' }) }
  for (const [index, part] of shown(reply).entries()) {
    yield { text: event({ type: 'content_block_start', index, content_block: opened(reply, part, index) }) }
    const delta = (inner: JsonObject): string => event({ type: 'content_block_delta', index, delta: inner })
    if (part.type === 'call') yield { text: delta({ type: 'input_json_delta', partial_json: '' }) }
    for (const piece of part.pieces) {
      if (part.type === 'reasoning' && prompt.reasoning === 'omitted') continue
      yield { text: delta(pieceOf(part, piece)), token: true }
    }
    if (part.type === 'reasoning') {
      yield { text: delta({ type: 'signature_delta', signature: sign(part.pieces.join(''), hash) }) }
    }
    yield { text: event({ type: 'content_block_stop', index }) }
  }
  yield {
    text: event({
      type: 'message_delta',
      delta: stop(reply),
      usage: { ...inputUsage(reply), ...outputUsage(reply) },
    }),
    end: true,
  }
  yield { text: event({ type: 'message_stop' }), end: true }
}

/** One event; its name is its type. */
export function event(data: JsonObject & { readonly type: string }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

/** A refusal has no content on this wire: its words are in the stop details. */
function shown({ answer }: Reply): readonly AnswerPart[] {
  return answer.parts.filter((part) => part.type !== 'refusal')
}

function pieceOf(part: AnswerPart, piece: string): JsonObject {
  if (part.type === 'call') return { type: 'input_json_delta', partial_json: piece }
  if (part.type === 'reasoning') return { type: 'thinking_delta', thinking: piece }
  return { type: 'text_delta', text: piece }
}

function opened(reply: Reply, part: AnswerPart, index: number): JsonObject {
  if (part.type === 'reasoning') return { type: 'thinking', thinking: '', signature: '' }
  if (part.type === 'call')
    return { type: 'tool_use', id: callId(reply, index), name: part.tool.name, input: {} }
  return { type: 'text', text: '' }
}

function block(reply: Reply, part: AnswerPart, index: number): JsonObject {
  const whole = part.pieces.join('')
  if (part.type === 'reasoning') {
    const thinking = reply.prompt.reasoning === 'omitted' ? '' : whole
    return { type: 'thinking', thinking, signature: sign(whole, reply.hash) }
  }
  if (part.type === 'call') {
    return { type: 'tool_use', id: callId(reply, index), name: part.tool.name, input: input(whole) }
  }
  return { type: 'text', text: whole }
}

// Cut short by a limit, arguments are no JSON; a whole answer can only show an object.
function input(whole: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(whole || '{}')
    return isObject(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

function messageId({ hash }: Reply): string {
  return `msg_01${hash.slice(0, 22)}`
}

function callId({ hash }: Reply, index: number): string {
  return `toolu_01${digest(hash, `call ${index}`).slice(0, 22)}`
}

function stop({ answer }: Reply): JsonObject {
  const reasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' } as const
  const refused = answer.finish === 'refusal'
  return {
    stop_reason: refused || answer.finish === 'stop_sequence' ? answer.finish : reasons[answer.finish],
    stop_sequence: answer.stopSequence ?? null,
    stop_details: refused
      ? {
          type: 'refusal',
          category: null,
          explanation: answer.parts.flatMap((part) => (part.type === 'refusal' ? part.pieces : [])).join(''),
        }
      : null,
  }
}

function inputUsage({ usage }: Reply): JsonObject {
  const { total, marked, written } = usage
  const created = written['5m'] + written['1h']
  return {
    input_tokens: total - marked,
    cache_creation_input_tokens: created,
    cache_read_input_tokens: marked - created,
    cache_creation: { ephemeral_5m_input_tokens: written['5m'], ephemeral_1h_input_tokens: written['1h'] },
  }
}

function outputUsage({ answer }: Reply): JsonObject {
  return {
    // Anthropic never reports none: the end of the turn is a token too.
    output_tokens: Math.max(1, answer.outputTokens),
    ...(answer.reasoningTokens > 0 && { output_tokens_details: { thinking_tokens: answer.reasoningTokens } }),
  }
}
