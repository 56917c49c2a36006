import type { GenerateRequest, Sampling } from '@gantry/core'
import { pointerTo, wireId } from '@gantry/core/codec'
import { isEmpty, type Block } from '../json.ts'
import type { Scope } from './scope.ts'

/** Fields that this wire has no word for, and the values that mean nothing. */
const foreign: readonly (readonly [keyof Sampling, string, unknown])[] = [
  ['seed', 'sampling.seed', undefined],
  ['presencePenalty', 'sampling.presence_penalty', 0],
  ['frequencyPenalty', 'sampling.frequency_penalty', 0],
  ['logprobs', 'sampling.logprobs', 0],
]

/**
 * `temperature`, `top_p`, `top_k`: the range here is 0 to 1, both together are refused, and thinking excludes them.
 * 1 is the default of both and says nothing.
 */
export function encodeSampling(sampling: Sampling | undefined, thinking: boolean, scope: Scope): Block {
  if (!sampling) return {}
  const { losses, rules } = scope
  for (const [name, what, neutral] of foreign) {
    if (sampling[name] !== undefined && sampling[name] !== neutral) losses.dropped(`/sampling/${name}`, what)
  }
  if (!isEmpty(sampling.logitBias)) losses.dropped('/sampling/logitBias', 'sampling.logit_bias')
  const { temperature, topP, topK } = sampling
  if (scope.verbatim) {
    return {
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { top_p: topP }),
      ...(topK !== undefined && { top_k: topK }),
    }
  }
  if (!rules.sampling || thinking) {
    const note = thinking && rules.sampling ? 'thinking excludes it' : 'this model does not take it'
    if (temperature !== undefined && temperature !== 1)
      losses.dropped('/sampling/temperature', 'sampling.temperature', note)
    if (topP !== undefined && topP !== 1) losses.dropped('/sampling/topP', 'sampling.top_p', note)
    if (topK !== undefined) losses.dropped('/sampling/topK', 'sampling.top_k', note)
    return {}
  }
  const out: Block = {}
  if (temperature !== undefined) {
    out['temperature'] = Math.min(1, Math.max(0, temperature))
    if (out['temperature'] !== temperature) {
      losses.approximated('/sampling/temperature', 'sampling.temperature', 'the range is 0 to 1')
    }
  }
  if (topP !== undefined) {
    if (temperature === undefined) out['top_p'] = topP
    else if (topP !== 1) losses.dropped('/sampling/topP', 'sampling.top_p', 'not together with temperature')
  }
  if (topK !== undefined) out['top_k'] = topK
  return out
}

/** `stop_sequences`; blank ones are refused by the wire. */
export function encodeStop(stop: readonly string[] | undefined, scope: Scope): Block {
  if (scope.verbatim) return stop ? { stop_sequences: stop } : {}
  const kept = (stop ?? []).filter((sequence, index) => {
    if (sequence.trim() !== '') return true
    if (sequence !== '')
      scope.losses.dropped(pointerTo('/stop', index), 'stop', 'a blank stop sequence is refused')
    return false
  })
  return kept.length > 0 ? { stop_sequences: kept } : {}
}

/** Longest `metadata.user_id` (platform.claude.com, API reference). */
const maxUserId = 256

/** Who asks, at which tier, and what else the wire has no place for. */
export function encodeAccounting(request: GenerateRequest, scope: Scope): Block {
  const { losses } = scope
  const out: Block = {}
  if (request.endUser) {
    const user_id = scope.own ? request.endUser : wireId(request.endUser, /^[^]*$/, maxUserId)
    if (user_id !== request.endUser) losses.approximated('/endUser', 'end_user', 'shortened')
    out['metadata'] = { user_id }
  }
  for (const [key, value] of Object.entries(request.metadata ?? {})) {
    if (!isEmpty(value)) losses.dropped(pointerTo('/metadata', key), 'metadata')
  }
  const tier = tierOf(request.serviceTier, scope)
  if (tier !== undefined) out['service_tier'] = tier
  const { previousResponseId, conversation, background } = request.continuation ?? {}
  if (previousResponseId)
    losses.dropped('/continuation/previousResponseId', 'continuation.previous_response_id')
  if (conversation) losses.dropped('/continuation/conversation', 'continuation.conversation')
  if (background) losses.dropped('/continuation/background', 'continuation.background')
  return out
}

function tierOf(tier: string | undefined, scope: Scope): string | undefined {
  if (scope.own || tier === undefined || tier === 'auto' || tier === 'standard_only') return tier
  if (tier === 'default' || tier === 'standard') return 'standard_only'
  if (tier === 'priority') {
    scope.losses.approximated(
      '/serviceTier',
      'service_tier',
      'auto takes priority capacity where there is some',
    )
    return 'auto'
  }
  scope.losses.dropped('/serviceTier', 'service_tier')
  return undefined
}
