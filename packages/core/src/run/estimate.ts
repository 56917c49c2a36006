import type { GenerateRequest, Part, TokenBucket, Usage } from '../model/index.ts'
import type { EmbedRequest, RequestBound } from '../contract/index.ts'

/** Bytes of text that make a token, when nobody counted. */
export const bytesPerToken = 3.5

/** Tokens a picture is taken for: the high-detail tile sum of a typical screenshot. */
const tokensPerImage = 1600

/** Tokens of `bytes` of text, rounded up. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken)
}

/** Input tokens of a request, estimated by bytes. Never a tokeniser: 100,000 CJK characters block one for seconds. */
export function estimateInput(request: GenerateRequest): number {
  const { count, total } = createCounter()
  request.instructions?.forEach(count)
  for (const turn of request.turns) turn.parts.forEach(count)
  let bytes = 0
  if (request.tools) bytes += Buffer.byteLength(JSON.stringify(request.tools))
  if (request.output?.schema) bytes += Buffer.byteLength(JSON.stringify(request.output.schema))
  return total(bytes)
}

/** Input tokens of texts to embed; lists of tokens are counted as they are. */
function estimateInputs({ inputs }: EmbedRequest): number {
  const { count, total } = createCounter()
  let bytes = 0
  let tokens = 0
  for (const input of inputs) {
    if (typeof input === 'string') bytes += Buffer.byteLength(input)
    else if (typeof input[0] === 'number') tokens += input.length
    else for (const part of input as readonly Part[]) count(part)
  }
  return total(bytes) + tokens
}

function createCounter(): { count(part: Part): void; total(moreBytes: number): number } {
  let bytes = 0
  let fixed = 0
  const count = (part: Part): void => {
    switch (part.type) {
      case 'text':
      case 'refusal':
        bytes += Buffer.byteLength(part.text)
        break
      case 'image':
        fixed += tokensPerImage
        break
      case 'file':
      case 'audio':
        if (part.source.kind === 'base64') bytes += part.source.data.length / 4
        else if (part.source.kind === 'text') bytes += Buffer.byteLength(part.source.text)
        else if (part.source.kind === 'parts') part.source.parts.forEach(count)
        else fixed += tokensPerImage
        break
      case 'json':
        bytes += Buffer.byteLength(part.json)
        break
      case 'reasoning':
        for (const segment of part.segments) bytes += Buffer.byteLength(segment.text)
        break
      case 'tool_call':
      case 'server_tool_call':
        bytes += Buffer.byteLength(part.name) + Buffer.byteLength(part.arguments)
        break
      case 'tool_result':
      case 'server_tool_result':
        part.parts.forEach(count)
        break
      case 'compaction':
      case 'native':
        bytes += Buffer.byteLength(part.text ?? '')
        break
      default:
        break
    }
    // A few tokens frame every part.
    fixed += 4
  }
  return { count, total: (moreBytes) => tokensOfBytes(bytes + moreBytes) + fixed }
}

/** What a request can cost at most, as far as it says. */
export function boundOf(request: GenerateRequest | EmbedRequest): RequestBound {
  if ('inputs' in request) return { inputTokens: estimateInputs(request), stream: false }
  const choices = Math.max(1, request.sampling?.count ?? 1)
  return {
    inputTokens: estimateInput(request),
    ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens * choices }),
    ...(choices === 1 ? {} : { choices }),
    stream: request.stream,
  }
}

/** Usage made from what we saw: input by bytes, output by delivered bytes. */
export function observedUsage(inputTokens: number, outputBytes: number, source: Usage['source']): Usage {
  return { tokens: { input: inputTokens, output: tokensOfBytes(outputBytes) }, source, final: true }
}

/**
 * What a stream has used so far, or up to where it broke. A report that is not the last one may know the input side
 * only, or be behind: what was delivered counts then.
 */
export function usageSoFar(reported: Usage, outputBytes: number): Usage {
  if (reported.final) return reported
  const { output = 0, reasoning = 0 } = reported.tokens
  const delivered = tokensOfBytes(outputBytes) - reasoning
  // The upstream's own spelling says the old numbers.
  const { native: _native, ...rest } = reported
  return {
    ...rest,
    source: 'observed',
    tokens: { ...reported.tokens, output: Math.max(output, delivered) },
  }
}

/** Output of one answer where the request names no limit: what the largest models write at most, 128,000 tokens. */
const longestAnswer = 128_000

/**
 * Whether a report can be true: whole numbers, none negative, and no more than ten times what the request allows, also
 * of the models that were used inside.
 */
export function isCredible(usage: Usage, bound: RequestBound): boolean {
  // Small prompts reach hosts that add long system prompts of their own; the factor alone would reject those.
  const mostInput = 10 * Math.max(bound.inputTokens, 20_000)
  const allowed = bound.maxOutputTokens ?? longestAnswer * (bound.choices ?? 1)
  const mostOutput = 10 * Math.max(allowed, 20_000)
  const isWithin = (tokens: Usage['tokens']): boolean => {
    let input = 0
    let output = 0
    for (const [bucket, count] of Object.entries(tokens) as [TokenBucket, number | undefined][]) {
      if (count === undefined) continue
      if (!isCount(count)) return false
      if (bucket.startsWith('output') || bucket === 'reasoning') output += count
      else input += count
    }
    return input <= mostInput && output <= mostOutput
  }
  return (
    isWithin(usage.tokens) &&
    (usage.nested ?? []).every(({ tokens }) => isWithin(tokens)) &&
    Object.values(usage.units ?? {}).every(isCount)
  )
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0
}

/** Sum of two disjoint vectors; the weaker source names the sum. */
export function addUsage(a: Usage, b: Usage): Usage {
  const tokens: { [bucket in TokenBucket]?: number } = { ...a.tokens }
  for (const [bucket, count] of Object.entries(b.tokens) as [TokenBucket, number][])
    tokens[bucket] = (tokens[bucket] ?? 0) + count
  const units: { [unit: string]: number } = { ...a.units }
  for (const [unit, count] of Object.entries(b.units ?? {})) units[unit] = (units[unit] ?? 0) + count
  const nested = [...(a.nested ?? []), ...(b.nested ?? [])]
  return {
    tokens,
    final: true,
    source:
      a.source === 'none'
        ? b.source
        : a.source === 'upstream'
          ? b.source === 'none'
            ? a.source
            : b.source
          : a.source,
    ...(Object.keys(units).length > 0 ? { units } : {}),
    ...(nested.length > 0 ? { nested } : {}),
  }
}
