import type { JsonObject, TokenBucket, Usage } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { name, type Draft } from './own.ts'

/**
 * Usage of a chat answer as disjoint buckets; undefined when the object holds no counts.
 * `prompt_tokens` contains cached, written and audio tokens, `completion_tokens` contains reasoning, audio and image
 * tokens. One host (xAI) counts reasoning on top: its total says so. What cannot be true is clamped and `suspect`.
 */
export function decodeUsage(value: JsonObject, final: boolean): Usage | undefined {
  const count = counter()
  const prompt = count.of(value, 'prompt_tokens')
  const completion = count.of(value, 'completion_tokens')
  const total = count.of(value, 'total_tokens')
  if (prompt === undefined && completion === undefined && total === undefined) return undefined

  const input = objectIn(value, 'prompt_tokens_details')
  const output = objectIn(value, 'completion_tokens_details')
  const cacheRead =
    count.of(input, 'cached_tokens') ??
    count.of(value, 'prompt_cache_hit_tokens') ??
    count.of(value, 'cached_tokens') ??
    0
  const cacheWrite = count.of(input, 'cache_write_tokens') ?? count.of(input, 'cache_creation_tokens') ?? 0
  const inputAudio = count.of(input, 'audio_tokens') ?? 0
  const reasoning = count.of(output, 'reasoning_tokens') ?? 0
  const outputAudio = count.of(output, 'audio_tokens') ?? 0
  const outputImage = count.of(output, 'image_tokens') ?? 0

  const seen = (prompt ?? 0) + (completion ?? 0)
  const onTop = reasoning > 0 && total === seen + reasoning
  if (total !== undefined && total !== seen && !onTop) {
    if (prompt === undefined || completion === undefined) count.doubt('a total without both of its parts')
    else count.doubt(`total_tokens is ${total}, its parts add up to ${seen}`)
  }
  const tokens: { -readonly [bucket in TokenBucket]?: number } = {
    input: count.rest('prompt_tokens', prompt ?? 0, cacheRead + cacheWrite + inputAudio),
    output: count.rest(
      'completion_tokens',
      completion ?? Math.max(0, (total ?? 0) - (prompt ?? total ?? 0)),
      (onTop ? 0 : reasoning) + outputAudio + outputImage,
    ),
  }
  if (cacheRead > 0) tokens.cache_read = cacheRead
  if (cacheWrite > 0) tokens.cache_write = cacheWrite
  if (inputAudio > 0) tokens.input_audio = inputAudio
  if (reasoning > 0) tokens.reasoning = reasoning
  if (outputAudio > 0) tokens.output_audio = outputAudio
  if (outputImage > 0) tokens.output_image = outputImage

  const searches = count.of(objectIn(value, 'server_tool_use_details'), 'web_search_requests')
  const suspect = count.doubts()
  return {
    tokens,
    ...(searches !== undefined && searches > 0 && { units: { web_search: searches } }),
    source: 'upstream',
    final,
    ...(suspect !== undefined && { suspect }),
    native: { protocol: name, value },
  }
}

/** Usage as chat writes it: the upstream's own object where it says the same, else its counts replaced. */
export function encodeUsage(usage: Usage): JsonObject {
  const native = usage.native?.protocol === name ? usage.native.value : undefined
  if (native && sameTokens(decodeUsage(native, usage.final)?.tokens, usage.tokens)) return native
  const { tokens } = usage
  const of = (bucket: keyof Usage['tokens']): number => tokens[bucket] ?? 0
  const prompt =
    of('input') +
    of('cache_read') +
    of('cache_write') +
    of('cache_write_1h') +
    of('input_audio') +
    of('input_image') +
    of('input_tool')
  const completion = of('output') + of('reasoning') + of('output_audio') + of('output_image')
  const written = of('cache_write') + of('cache_write_1h')
  const input: Draft = {
    ...(native && objectIn(native, 'prompt_tokens_details')),
    cached_tokens: of('cache_read'),
    audio_tokens: of('input_audio'),
  }
  if (written > 0 || input['cache_write_tokens'] !== undefined) input['cache_write_tokens'] = written
  const output: Draft = {
    ...(native && objectIn(native, 'completion_tokens_details')),
    reasoning_tokens: of('reasoning'),
    audio_tokens: of('output_audio'),
  }
  if (of('output_image') > 0) output['image_tokens'] = of('output_image')
  const encoded: Draft = {
    ...native,
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: input,
    completion_tokens_details: output,
  }
  if ('prompt_cache_hit_tokens' in encoded) {
    encoded['prompt_cache_hit_tokens'] = of('cache_read')
    encoded['prompt_cache_miss_tokens'] = prompt - of('cache_read')
  }
  if ('cached_tokens' in encoded) encoded['cached_tokens'] = of('cache_read')
  return encoded
}

/** Reads counts and remembers what cannot be one. */
function counter(): {
  of(object: JsonObject | undefined, key: string): number | undefined
  rest(key: string, whole: number, parts: number): number
  doubt(why: string): void
  doubts(): string | undefined
} {
  const found: string[] = []
  return {
    of(object, key) {
      const value = object?.[key]
      if (value === undefined || value === null) return undefined
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
      found.push(`${key} is not a count`)
      return undefined
    },
    rest(key, whole, parts) {
      if (parts > whole) found.push(`the parts of ${key} exceed it by ${parts - whole}`)
      return Math.max(0, whole - parts)
    },
    doubt: (why) => void found.push(why),
    doubts: () => (found.length === 0 ? undefined : found.join('; ')),
  }
}

function sameTokens(left: Usage['tokens'] | undefined, right: Usage['tokens']): boolean {
  if (!left) return false
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<keyof Usage['tokens']>
  for (const key of keys) if ((left[key] ?? 0) !== (right[key] ?? 0)) return false
  return true
}

function objectIn(object: JsonObject, key: string): JsonObject | undefined {
  const value = object[key]
  return isObject(value) ? value : undefined
}
