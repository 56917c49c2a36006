import type { JsonObject } from '@gantry/core'
import { isObject } from '../json.ts'
import { createdAt } from '../wire.ts'
import type { Reply } from '../wire.ts'
import { itemsOf } from './items.ts'

/** How far an answer is. */
export type ResponseState = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed'

/** The id of an answer. */
export function responseId({ hash }: Reply): string {
  return `resp_${hash.slice(0, 50)}`
}

/** What an answer ends as. */
export function finalState({ answer }: Reply): ResponseState {
  return answer.finish === 'length' ? 'incomplete' : 'completed'
}

/** An answer with everything the vendor echoes of its request. */
export function responseObject(
  reply: Reply,
  state: ResponseState,
  error: JsonObject | null = null,
): JsonObject {
  const { body, prompt } = reply
  const ended = state === 'completed' || state === 'incomplete'
  const reasoning = isObject(body.reasoning) ? body.reasoning : {}
  const text = isObject(body.text) ? body.text : {}
  return {
    id: responseId(reply),
    object: 'response',
    created_at: createdAt,
    status: state,
    background: body.background ?? false,
    completed_at: state === 'completed' ? createdAt : null,
    error,
    frequency_penalty: 0,
    incomplete_details: state === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    model: prompt.model,
    output: ended ? itemsOf(reply).map((item) => item.done) : [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    presence_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    prompt_cache_retention: body.prompt_cache_retention ?? null,
    reasoning: { effort: reasoning.effort ?? 'medium', summary: reasoning.summary ?? null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: ended ? 'default' : 'auto',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: text.format ?? { type: 'text' }, verbosity: text.verbosity ?? 'medium' },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    usage: ended ? usageOf(reply) : null,
    user: body.user ?? null,
  }
}

/** Tokens as this wire counts them: the cached ones are part of the input, reasoning is part of the output. */
export function usageOf({ answer, usage }: Reply): JsonObject {
  return {
    input_tokens: usage.total,
    input_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: 0 },
    output_tokens: answer.outputTokens,
    output_tokens_details: { reasoning_tokens: answer.reasoningTokens },
    total_tokens: usage.total + answer.outputTokens,
  }
}
