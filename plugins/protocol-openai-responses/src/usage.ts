import type { JsonObject, TokenBucket, Usage } from '@gantry/core'
import { isRawNumber } from '@gantry/core/codec'
import { name } from './name.ts'
import { objectOf, objectsOf, stringOf, type Draft } from './own.ts'

/**
 * Usage of a response as disjoint buckets; undefined when the object holds no counts.
 * `input_tokens` contains cached and written tokens, `output_tokens` contains reasoning. A host whose total says that
 * reasoning comes on top is believed. What cannot be true is clamped and named in `suspect`.
 */
export function decodeUsage(value: JsonObject, final: boolean): Usage | undefined {
  const count = counter()
  const input = count.of(value, 'input_tokens')
  const output = count.of(value, 'output_tokens')
  const total = count.of(value, 'total_tokens')
  if (input === undefined && output === undefined && total === undefined) return undefined

  const into = objectOf(value['input_tokens_details'])
  const out = objectOf(value['output_tokens_details'])
  const cacheRead = count.of(into, 'cached_tokens') ?? 0
  const cacheWrite = count.of(into, 'cache_write_tokens') ?? 0
  const inputAudio = count.of(into, 'audio_tokens') ?? 0
  const inputImage = count.of(into, 'image_tokens') ?? 0
  const reasoning = count.of(out, 'reasoning_tokens') ?? 0
  const outputAudio = count.of(out, 'audio_tokens') ?? 0
  const outputImage = count.of(out, 'image_tokens') ?? 0

  const seen = (input ?? 0) + (output ?? 0)
  const onTop = reasoning > 0 && total === seen + reasoning
  if (total !== undefined && total !== seen && !onTop) {
    if (input === undefined || output === undefined) count.doubt('a total without both of its parts')
    else count.doubt(`total_tokens is ${total}, its parts add up to ${seen}`)
  }
  const all = output ?? Math.max(0, (total ?? 0) - (input ?? total ?? 0))
  const inside = (onTop ? 0 : reasoning) + outputAudio + outputImage
  const tokens: { -readonly [bucket in TokenBucket]?: number } = {
    input: count.rest('input_tokens', input ?? 0, cacheRead + cacheWrite + inputAudio + inputImage),
    output: count.rest('output_tokens', all, inside),
  }
  const rest: readonly (readonly [TokenBucket, number])[] = [
    ['cache_read', cacheRead],
    ['cache_write', cacheWrite],
    ['input_audio', inputAudio],
    ['input_image', inputImage],
    ['reasoning', reasoning],
    ['output_audio', outputAudio],
    ['output_image', outputImage],
  ]
  for (const [bucket, amount] of rest) if (amount > 0) tokens[bucket] = amount
  const suspect = count.doubts()
  return {
    tokens,
    source: 'upstream',
    final,
    ...(suspect !== undefined && { suspect }),
    native: { protocol: name, value },
  }
}

/**
 * Usage as this wire writes it: the upstream's own object where it says the same, else its counts replaced.
 * `input_tokens`, `output_tokens`, `total_tokens` and both details are always there: clients refuse usage without them.
 */
export function encodeUsage(usage: Usage): JsonObject {
  const native = usage.native?.protocol === name ? usage.native.value : undefined
  if (native && sameTokens(decodeUsage(native, usage.final)?.tokens, usage.tokens)) return native
  const of = (bucket: TokenBucket): number => usage.tokens[bucket] ?? 0
  const written = of('cache_write') + of('cache_write_1h')
  const input =
    of('input') + of('cache_read') + written + of('input_audio') + of('input_image') + of('input_tool')
  const output = of('output') + of('reasoning') + of('output_audio') + of('output_image')
  const into: Draft = {
    ...objectOf(native?.['input_tokens_details']),
    cached_tokens: of('cache_read'),
    cache_write_tokens: written,
  }
  const out: Draft = {
    ...objectOf(native?.['output_tokens_details']),
    reasoning_tokens: of('reasoning'),
  }
  setWhere(into, 'audio_tokens', of('input_audio'))
  setWhere(into, 'image_tokens', of('input_image'))
  setWhere(out, 'audio_tokens', of('output_audio'))
  setWhere(out, 'image_tokens', of('output_image'))
  return {
    ...native,
    input_tokens: input,
    input_tokens_details: into,
    output_tokens: output,
    output_tokens_details: out,
    total_tokens: input + output,
  }
}

/**
 * Usage of a whole response: its `usage`, and what its `tool_usage` counts beside it: calls of provider-run tools one
 * by one (`{web_search: {num_requests: 2}}`), tokens of the image model as a model of its own.
 */
export function usageOfResponse(response: JsonObject, final: boolean): Usage | undefined {
  const value = objectOf(response['usage'])
  const usage = value && decodeUsage(value, final)
  if (!usage) return undefined
  const tools = objectOf(response['tool_usage'])
  const units = decodeUnits(tools)
  const images = objectOf(tools?.['image_gen'])
  const tokens = images && imageTokens(images)
  return {
    ...usage,
    ...(units && { units }),
    ...(tokens && { nested: [{ model: imageModel(response), tokens }] }),
  }
}

function decodeUnits(toolUsage: JsonObject | undefined): Usage['units'] {
  const units: [string, number][] = []
  for (const [tool, value] of Object.entries(toolUsage ?? {})) {
    const requests = objectOf(value)?.['num_requests']
    if (typeof requests === 'number' && Number.isSafeInteger(requests) && requests > 0)
      units.push([tool, requests])
  }
  return units.length > 0 ? Object.fromEntries(units) : undefined
}

/** Undefined when no picture was made. */
function imageTokens(value: JsonObject): Usage['tokens'] | undefined {
  const count = counter()
  const into = objectOf(value['input_tokens_details'])
  const out = objectOf(value['output_tokens_details'])
  const input = count.of(value, 'input_tokens') ?? 0
  const output = count.of(value, 'output_tokens') ?? 0
  if (input + output === 0) return undefined
  const cached = count.of(value, 'cached_tokens') ?? 0
  const inputImage = count.of(into, 'image_tokens') ?? 0
  // Without details what an image model puts out is a picture.
  const outputImage = count.of(out, 'image_tokens') ?? output
  const tokens: { -readonly [bucket in TokenBucket]?: number } = {}
  const all: readonly (readonly [TokenBucket, number])[] = [
    ['input', Math.max(0, input - inputImage - cached)],
    ['input_image', inputImage],
    ['cache_read', cached],
    ['output', Math.max(0, output - outputImage)],
    ['output_image', outputImage],
  ]
  for (const [bucket, amount] of all) if (amount > 0) tokens[bucket] = amount
  return tokens
}

/** The response echoes the tool's definition, which may name its model. */
function imageModel(response: JsonObject): string {
  const tool = objectsOf(response['tools']).find(({ type }) => type === 'image_generation')
  return stringOf(tool?.['model']) ?? 'image_generation'
}

function setWhere(draft: Draft, key: string, amount: number): void {
  if (amount > 0 || draft[key] !== undefined) draft[key] = amount
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
      // Hosts in Python write counts as 12.0.
      if (isRawNumber(value) && Number.isSafeInteger(Number(value.rawJSON)) && Number(value.rawJSON) >= 0)
        return Number(value.rawJSON)
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
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<TokenBucket>
  for (const key of keys) if ((left[key] ?? 0) !== (right[key] ?? 0)) return false
  return true
}
