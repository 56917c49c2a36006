import type { GenerateRequest, OutputShape } from '@gantry/core'
import { isObject, wireId, jsonSchemaOf } from '@gantry/core/codec'
import { isEmpty, note, objectOf, ownFields, type Draft } from '../own.ts'
import type { Scope } from './scope.ts'

/** Fewest tokens that the wire takes as a limit (OpenAI's API reference, `max_output_tokens`). */
const minOutputTokens = 16
/** Longest `safety_identifier` and `prompt_cache_key` that OpenAI takes. */
const maxIdentifier = 64

/** `max_output_tokens`, within the configured cap. */
export function encodeLimit(request: GenerateRequest, scope: Scope): Draft {
  const cap = scope.target.maxOutputTokens
  const wanted = request.maxOutputTokens
  if (wanted === undefined) return {}
  if (cap !== undefined && wanted > cap) {
    scope.losses.approximated('/maxOutputTokens', 'max_output_tokens', `this model's cap is ${cap}`)
    return { max_output_tokens: cap }
  }
  if (scope.own || wanted >= minOutputTokens) return { max_output_tokens: wanted }
  scope.losses.approximated('/maxOutputTokens', 'max_output_tokens', `the least is ${minOutputTokens}`)
  return { max_output_tokens: minOutputTokens }
}

/** `text`: the form of the answer and how wordy it is. */
export function encodeOutput(output: OutputShape | undefined, scope: Scope): Draft {
  if (!output) return {}
  scope.losses.foreign(output.extra, '/output')
  if (output.modalities?.some((modality) => modality !== 'text'))
    scope.losses.dropped('/output/modalities', 'output.modalities')
  const kept = note(output, '$format')
  const format = formatOf(output, isObject(kept) ? kept : {}, scope)
  const text: Draft = {
    ...ownFields(output),
    ...(format && { format }),
    ...(output.verbosity !== undefined && { verbosity: output.verbosity }),
  }
  return Object.keys(text).length > 0 ? { text } : {}
}

function formatOf(output: OutputShape, kept: Draft, scope: Scope): Draft | undefined {
  switch (output.type) {
    case 'text':
      return !scope.own || note(output, '$implied') === true ? undefined : { ...kept, type: 'text' }
    case 'json':
      return { ...kept, type: 'json_object' }
    case 'json_schema': {
      const { schema, strict, description } = output
      const name = wireId(output.name ?? 'response', /^[a-zA-Z0-9_-]+$/, 64)
      if (output.name !== undefined && name !== output.name)
        scope.losses.approximated('/output/name', 'output.name', 'cleaned')
      if (!schema && !scope.own) return { type: 'json_object' }
      return {
        ...kept,
        type: 'json_schema',
        name,
        ...(description !== undefined && { description }),
        ...(schema && { schema: output.dialect === 'openapi' ? jsonSchemaOf(schema) : schema }),
        ...(strict !== undefined && { strict }),
      }
    }
  }
}

/** `prompt_cache_key`, `_retention`, `_options`. */
export function encodeCache(request: GenerateRequest, scope: Scope): Draft {
  const { cache } = request
  const key = cache?.key ?? sessionOf(request.endUser)
  const fields: Draft = {}
  if (key !== undefined) {
    const fitting = scope.own ? key : wireId(key, /^[^]*$/, maxIdentifier)
    if (fitting !== key) scope.losses.approximated('/cache/key', 'cache.key', 'shortened')
    fields['prompt_cache_key'] = fitting
  }
  if (cache?.retention !== undefined) fields['prompt_cache_retention'] = cache.retention
  if (cache?.mode !== undefined || cache?.ttl !== undefined) {
    fields['prompt_cache_options'] = {
      // What else a client of this wire wrote there.
      ...objectOf(ownFields(request)['prompt_cache_options']),
      ...(cache.mode !== undefined && { mode: cache.mode }),
      ...(cache.ttl !== undefined && { ttl: cache.ttl }),
    }
  }
  if (cache?.breakpoint) scope.losses.dropped('/cache/breakpoint', 'cache.breakpoint')
  if (cache?.resource !== undefined) scope.losses.dropped('/cache/resource', 'cache.resource')
  return fields
}

/**
 * Claude Code names its session inside the user's id, as JSON or behind `_session_`. A session is what shares a prompt,
 * so it is the key under which the vendor finds the cache again.
 */
export function sessionOf(endUser: string | undefined): string | undefined {
  if (endUser === undefined) return undefined
  const marked = /_session_([\w-]{8,64})$/.exec(endUser)?.[1]
  if (marked !== undefined || !endUser.startsWith('{')) return marked
  try {
    const value: unknown = JSON.parse(endUser)
    const session =
      typeof value === 'object' && value !== null && 'session_id' in value ? value.session_id : ''
    return typeof session === 'string' && session !== '' ? session : undefined
  } catch {
    return undefined
  }
}

/**
 * Who asks, at which tier, what the server keeps.
 */
export function encodeAccounting(request: GenerateRequest, scope: Scope): Draft {
  const fields: Draft = {}
  const { endUser, serviceTier, metadata } = request
  if (endUser !== undefined && scope.own) {
    fields[note(request, '$endUser') === 'safety_identifier' ? 'safety_identifier' : 'user'] = endUser
  } else if (endUser !== undefined && endUser !== '') {
    const fitting = wireId(endUser, /^[^]*$/, maxIdentifier)
    if (fitting !== endUser) scope.losses.approximated('/endUser', 'end_user', 'shortened')
    fields['safety_identifier'] = fitting
  }
  if (serviceTier === 'standard_only' && !scope.own) {
    scope.losses.approximated('/serviceTier', 'service_tier', 'default')
    fields['service_tier'] = 'default'
  } else if (serviceTier !== undefined) fields['service_tier'] = serviceTier
  if (metadata && (scope.own || !isEmpty(metadata))) fields['metadata'] = metadata
  return { ...fields, ...encodeContinuation(request, scope) }
}

function encodeContinuation(request: GenerateRequest, scope: Scope): Draft {
  const { previousResponseId, conversation, store, background } = request.continuation ?? {}
  const fields: Draft = {}
  if (previousResponseId !== undefined) fields['previous_response_id'] = previousResponseId
  if (conversation !== undefined) fields['conversation'] = note(request, '$conversation') ?? conversation
  if (background !== undefined) fields['background'] = background
  const wanted = storeOf(scope.quirks.store, store)
  if (wanted !== undefined) fields['store'] = wanted
  // A client of this wire reads in its answer whether it was kept.
  if (store === true && wanted === false && (!scope.own || scope.quirks.store === 'never'))
    scope.losses.dropped('/continuation/store', 'continuation.store', 'this upstream stores nothing')
  return fields
}

/**
 * Value of `store`; undefined leaves it out. Unless its provider says otherwise an upstream stores nothing: there the
 * clients of a gateway are one account, and what they wish to be kept is the gateway's to keep.
 */
export function storeOf(
  policy: 'never' | 'client' | undefined,
  asked: boolean | undefined,
): boolean | undefined {
  return policy === 'client' ? asked : false
}

/** The instructions as one text; undefined when there are none. */
export function encodeInstructions(request: GenerateRequest, scope: Scope): string | undefined {
  const texts: string[] = []
  request.instructions?.forEach((part, index) => {
    const at = part.at ?? `/instructions/${index}`
    scope.losses.foreign(part.extra, at)
    if (part.type !== 'text') {
      scope.losses.dropped(at, `part.${part.type}`, 'instructions are text')
      return
    }
    // Claude Code's first system block changes with every session; sent on, it ends all prefix caching.
    if (part.text.startsWith('x-anthropic-billing-header:')) {
      scope.losses.dropped(at, 'instructions.billing_header')
      return
    }
    if (part.cache) scope.losses.dropped(at, 'cache.breakpoint', 'not on instructions')
    if (part.text !== '') texts.push(part.text)
  })
  return texts.length > 0 ? texts.join('\n\n') : undefined
}
