import type { GenerateRequest, JsonObject, OutputShape, ReasoningOptions, Report } from '@gantry/core'
import { isObject, jsonSchemaOf } from '@gantry/core/codec'
import { name as protocol, note, ownFields, type Draft } from '../own.ts'
import { encodeCache } from '../cache.ts'
import { reportForeign } from './hints.ts'
import type { ChatQuirks } from './quirks.ts'

/** Everything of a request but its messages and tools. */
export function encodeOptions(request: GenerateRequest, quirks: ChatQuirks, report: Report): Draft {
  const lose = (pointer: string, what: string, how: 'dropped' | 'approximated' = 'dropped'): void =>
    report({ pointer, what, how, target: protocol })
  const { sampling, cache, continuation } = request
  const fields: Draft = {}
  const put = (key: string, value: Draft[string]): void => {
    if (value !== undefined) fields[key] = value
  }

  encodeLimit(request, quirks, put)
  const stop = request.stop
  if (stop) put('stop', stop.length === 1 && note(request, '$stop') === 'string' ? stop[0] : stop)
  put('temperature', sampling?.temperature)
  put('top_p', sampling?.topP)
  if (sampling?.topK !== undefined) {
    if (isOwn(request) || quirks.topK) put('top_k', sampling.topK)
    else lose('/top_k', 'sampling.top_k')
  }
  put('seed', sampling?.seed)
  put('n', sampling?.count)
  put('presence_penalty', sampling?.presencePenalty)
  put('frequency_penalty', sampling?.frequencyPenalty)
  put('logit_bias', sampling?.logitBias)
  if (sampling?.logprobs !== undefined) put('logprobs', true)
  if (typeof sampling?.logprobs === 'number') put('top_logprobs', sampling.logprobs)

  reportForeign(request.output?.extra, '/output', report)
  reportForeign(request.reasoning?.extra, '/reasoning', report)
  if (request.output) Object.assign(fields, encodeOutput(request.output))
  if (request.reasoning) Object.assign(fields, encodeReasoningOptions(request.reasoning, quirks, lose))

  put('prompt_cache_key', cache?.key)
  put('prompt_cache_retention', cache?.retention)
  if (cache?.mode !== undefined || cache?.ttl !== undefined) {
    put('prompt_cache_options', {
      ...(cache.mode !== undefined && { mode: cache.mode }),
      ...(cache.ttl !== undefined && { ttl: cache.ttl }),
    })
  }
  if (cache?.breakpoint) {
    const encoded = encodeCache(cache.breakpoint)
    if (Object.keys(encoded).length > 0) Object.assign(fields, encoded)
    else lose('/cache_control', 'cache.breakpoint')
  }
  if (cache?.resource !== undefined) lose('/cachedContent', 'cache.resource')

  put('store', continuation?.store)
  if (continuation?.previousResponseId !== undefined)
    lose('/previous_response_id', 'continuation.previous_response_id')
  if (continuation?.conversation !== undefined) lose('/conversation', 'continuation.conversation')
  if (continuation?.background) lose('/background', 'continuation.background')

  if (request.serviceTier === 'standard_only') {
    put('service_tier', 'default')
    lose('/service_tier', 'service_tier', 'approximated')
  } else put('service_tier', request.serviceTier)
  put(note(request, '$endUser') === 'safety_identifier' ? 'safety_identifier' : 'user', request.endUser)
  put('metadata', request.metadata)
  return fields
}

/** Whether a chat client wrote this request; its lists and names then go back as it wrote them. */
export function isOwn(request: GenerateRequest): boolean {
  return note(request, '$chat') === true
}

function encodeLimit(
  request: GenerateRequest,
  quirks: ChatQuirks,
  put: (key: string, value: Draft[string]) => void,
): void {
  const limit = request.maxOutputTokens
  if (limit === undefined) return
  const spelled = note(request, '$maxTokens')
  const field =
    quirks.maxTokens ?? (spelled === 'max_tokens' || spelled === 'both' ? spelled : 'max_completion_tokens')
  if (field !== 'max_tokens') put('max_completion_tokens', limit)
  if (field !== 'max_completion_tokens') put('max_tokens', limit)
}

function encodeOutput(output: OutputShape): Draft {
  const fields: Draft = {}
  if (output.verbosity !== undefined) fields['verbosity'] = output.verbosity
  if (output.modalities) fields['modalities'] = output.modalities
  const kept = note(output, '$format')
  const outer = isObject(kept) ? kept : {}
  if (output.type === 'json') fields['response_format'] = { ...outer, type: 'json_object' }
  else if (output.type === 'json_schema') {
    const inner = note(output, '$schema')
    const { schema, name, description, strict } = output
    fields['response_format'] = {
      ...outer,
      type: 'json_schema',
      json_schema: {
        ...(isObject(inner) && inner),
        name: name ?? 'response',
        ...(description !== undefined && { description }),
        ...(schema && { schema: output.dialect === 'openapi' ? jsonSchemaOf(schema) : schema }),
        ...(strict !== undefined && { strict }),
      },
    }
  } else if (note(output, '$implied') !== true) fields['response_format'] = { ...outer, type: 'text' }
  return fields
}

function encodeReasoningOptions(
  reasoning: ReasoningOptions,
  quirks: ChatQuirks,
  lose: (pointer: string, what: string, how?: 'dropped' | 'approximated') => void,
): Draft {
  const spelled = note(reasoning, '$field')
  const field =
    quirks.reasoning ?? (spelled === 'reasoning' || spelled === 'thinking' ? spelled : 'reasoning_effort')
  const { effort, budgetTokens, mode, display } = reasoning
  if (field === 'reasoning') {
    const value: JsonObject = {
      ...(spelled === field && ownFields(reasoning)),
      ...(effort !== undefined && { effort }),
      ...(budgetTokens !== undefined && effort === undefined && { max_tokens: budgetTokens }),
      ...(budgetTokens !== undefined && spelled === field && { max_tokens: budgetTokens }),
      ...(mode !== undefined && { enabled: mode !== 'disabled' }),
      ...(display === 'omitted' && { exclude: true }),
    }
    return { reasoning: value }
  }
  if (display !== undefined && display !== 'omitted') lose('/reasoning', 'reasoning.display')
  if (reasoning.opaque) lose('/include', 'reasoning.opaque')
  if (field === 'thinking') {
    const type = mode ?? (effort === 'none' ? 'disabled' : 'enabled')
    if (effort !== undefined && effort !== 'none') lose('/reasoning', 'reasoning.effort', 'approximated')
    return {
      thinking: {
        ...(spelled === field && ownFields(reasoning)),
        type,
        ...(budgetTokens !== undefined && { budget_tokens: budgetTokens }),
      },
    }
  }
  const wanted =
    effort ??
    (mode === 'disabled' ? 'none' : budgetTokens === undefined ? undefined : effortFor(budgetTokens))
  if (field === 'none') {
    if (wanted !== undefined) lose('/reasoning', 'reasoning.effort')
    return {}
  }
  if (budgetTokens !== undefined) lose('/thinking/budget_tokens', 'reasoning.budget', 'approximated')
  return wanted === undefined ? {} : { reasoning_effort: wanted }
}

/** Steps between the budgets that the vendors recommend for each effort. */
function effortFor(budget: number): string {
  if (budget === 0) return 'none'
  if (budget < 1500) return 'minimal'
  if (budget < 8000) return 'low'
  return budget < 20_000 ? 'medium' : 'high'
}
