import type { Json, JsonObject } from '@gantry/core'
import type { AnswerPart } from '../answer.ts'
import { digest } from '../hash.ts'
import { createdAt } from '../wire.ts'
import type { Reply, StreamFrame } from '../wire.ts'

/** A whole answer on the chat wire. */
export function wholeChat(reply: Reply): JsonObject {
  return {
    id: `chatcmpl-${reply.hash.slice(0, 29)}`,
    object: 'chat.completion',
    created: createdAt,
    model: reply.prompt.model,
    choices: Array.from({ length: reply.prompt.choices }, (_, index) => ({
      index,
      message: message(reply, index),
      logprobs: null,
      finish_reason: finish(reply),
    })),
    usage: usageOf(reply),
    service_tier: 'default',
    system_fingerprint: fingerprint,
  }
}

/** A streamed answer on the chat wire: role, reasoning, text, calls one after the other, finish, usage if asked, `[DONE]`. */
export function* framesChat(reply: Reply): Iterable<StreamFrame> {
  const { prompt, body, answer, hash } = reply
  const options = body.stream_options
  const withUsage =
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  const head = {
    id: `chatcmpl-${hash.slice(0, 29)}`,
    object: 'chat.completion.chunk',
    created: createdAt,
    model: prompt.model,
    service_tier: 'default',
    system_fingerprint: fingerprint,
  }
  const frame = (rest: JsonObject): string => `data: ${JSON.stringify({ ...head, ...rest })}\n\n`
  const usage = withUsage ? { usage: null } : {}
  for (let index = 0; index < prompt.choices; index++) {
    const chunk = (delta: JsonObject, finishReason: string | null = null): string =>
      frame({ choices: [{ index, delta, logprobs: null, finish_reason: finishReason }], ...usage })
    const content = answer.parts.some((part) => part.type === 'text') ? '' : null
    yield { text: chunk({ role: 'assistant', content, refusal: null }) }
    let call = 0
    for (const part of answer.parts) {
      if (part.type === 'call') {
        const at = call++
        const id = callId(hash, index, at)
        const custom = part.tool.kind === 'custom'
        const name = part.tool.name
        const opened = custom ? { custom: { name, input: '' } } : { function: { name, arguments: '' } }
        yield { text: chunk({ tool_calls: [{ index: at, id, type: part.tool.kind, ...opened }] }) }
        for (const piece of part.pieces) {
          const more = custom ? { custom: { input: piece } } : { function: { arguments: piece } }
          yield { text: chunk({ tool_calls: [{ index: at, ...more }] }), token: true }
        }
        continue
      }
      const field = { reasoning: 'reasoning_content', text: 'content', refusal: 'refusal' }[part.type]
      for (const piece of part.pieces) yield { text: chunk({ [field]: piece }), token: true }
    }
    yield { text: chunk({}, finish(reply)), end: true }
  }
  if (withUsage) yield { text: frame({ choices: [], usage: usageOf(reply) }), end: true }
  yield { text: 'data: [DONE]\n\n', end: true }
}

// A constant: no request changes what the simulator runs on.
const fingerprint = 'fp_simulator'

function message({ answer, hash }: Reply, choice: number): JsonObject {
  const reasoning = joined(answer.parts, 'reasoning')
  const calls = answer.parts.filter((part) => part.type === 'call')
  const refusal = joined(answer.parts, 'refusal')
  const said = answer.parts.some((part) => part.type === 'text')
  return {
    role: 'assistant',
    content: said ? joined(answer.parts, 'text') : calls.length > 0 || refusal ? null : '',
    ...(reasoning && { reasoning_content: reasoning }),
    refusal: refusal || null,
    annotations: [],
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ tool, pieces }, at): Json => {
        const input = pieces.join('')
        return {
          id: callId(hash, choice, at),
          type: tool.kind,
          ...(tool.kind === 'custom'
            ? { custom: { name: tool.name, input } }
            : { function: { name: tool.name, arguments: input } }),
        }
      }),
    }),
  }
}

function joined(parts: readonly AnswerPart[], type: AnswerPart['type']): string {
  return parts.flatMap((part) => (part.type === type ? part.pieces : [])).join('')
}

function callId(hash: string, choice: number, at: number): string {
  return `call_${digest(hash, `call ${choice} ${at}`).slice(0, 24)}`
}

function finish({ answer }: Reply): string {
  // A refusal in its own words ends as `stop`; `content_filter` is the platform cutting in.
  if (answer.finish === 'length' || answer.finish === 'tool_calls') return answer.finish
  return 'stop'
}

function usageOf({ prompt, answer, usage }: Reply): JsonObject {
  const completion = answer.outputTokens * prompt.choices
  return {
    prompt_tokens: usage.total,
    completion_tokens: completion,
    total_tokens: usage.total + completion,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: answer.reasoningTokens * prompt.choices,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
