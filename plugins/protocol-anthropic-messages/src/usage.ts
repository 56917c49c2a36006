import type { JsonObject, TokenBucket, Usage } from '@gantry/core'
import { asNumber, asObject, asString, objectsIn } from './json.ts'
import { protocolName } from './name.ts'

/**
 * `message_delta.usage` over `message_start.usage`, key by key: the delta is cumulative and repeats what changed.
 * A `null` in the delta says nothing. Never summed.
 */
export function overlayUsage(start: JsonObject | undefined, delta: JsonObject): JsonObject {
  const merged = new Map(Object.entries(start ?? {}))
  for (const [key, value] of Object.entries(delta)) {
    if (value !== null || !merged.has(key)) merged.set(key, value)
  }
  return Object.fromEntries(merged)
}

/**
 * Disjoint buckets from a `usage` object. On this wire `input_tokens` already leaves cache reads and writes out, and
 * `output_tokens` contains thinking. Numbers that cannot all be true are clamped and named in `suspect`.
 */
export function readUsage(
  raw: JsonObject,
  options: { readonly model?: string; readonly final: boolean },
): Usage {
  const doubts: string[] = []
  const tokens = readTokens(raw, doubts)
  const units = readUnits(asObject(raw['server_tool_use']))
  const nested = readNested(raw, options.model, doubts)
  return {
    tokens,
    ...(units && { units }),
    ...(nested.length > 0 && { nested }),
    source: 'upstream',
    final: options.final,
    ...(doubts.length > 0 && { suspect: doubts.join('; ') }),
    native: { protocol: protocolName, value: raw },
  }
}

function readTokens(raw: JsonObject, doubts: string[]): Usage['tokens'] {
  const creation = asObject(raw['cache_creation'])
  const oneHour = count(creation, 'ephemeral_1h_input_tokens', doubts) ?? 0
  const fiveMinutes = count(creation, 'ephemeral_5m_input_tokens', doubts) ?? 0
  const written = count(raw, 'cache_creation_input_tokens', doubts) ?? oneHour + fiveMinutes
  const output = count(raw, 'output_tokens', doubts)
  const thinking = count(asObject(raw['output_tokens_details']), 'thinking_tokens', doubts) ?? 0
  const tokens: { [bucket in TokenBucket]?: number } = {}
  const input = count(raw, 'input_tokens', doubts)
  if (input !== undefined) tokens.input = input
  if (output !== undefined) tokens.output = without(output, thinking, 'thinking_tokens', doubts)
  const rest: readonly (readonly [TokenBucket, number])[] = [
    ['cache_read', count(raw, 'cache_read_input_tokens', doubts) ?? 0],
    ['cache_write', without(written, oneHour, 'ephemeral_1h_input_tokens', doubts)],
    ['cache_write_1h', Math.min(oneHour, written)],
    ['reasoning', output === undefined ? thinking : Math.min(thinking, output)],
  ]
  for (const [bucket, value] of rest) if (value > 0) tokens[bucket] = value
  return tokens
}

function count(raw: JsonObject | undefined, name: string, doubts: string[]): number | undefined {
  const value = raw?.[name]
  if (value === undefined || value === null) return undefined
  const number = asNumber(value)
  if (number !== undefined && number >= 0 && Number.isSafeInteger(number)) return number
  doubts.push(`${name} is not a count`)
  return 0
}

function without(total: number, part: number, name: string, doubts: string[]): number {
  if (part > total) doubts.push(`${name} is more than the total it belongs to`)
  return Math.max(0, total - part)
}

/** `web_search_requests: 2` is two units of `web_search`. */
function readUnits(raw: JsonObject | undefined): { [unit: string]: number } | undefined {
  const units: [string, number][] = []
  for (const [key, value] of Object.entries(raw ?? {})) {
    const number = asNumber(value)
    if (number !== undefined && number > 0) units.push([key.replace(/_requests$/, ''), number])
  }
  return units.length > 0 ? Object.fromEntries(units) : undefined
}

/**
 * Iterations that the top-level numbers leave out: advisors run on a model of their own, and compaction is billed
 * beside the answer (platform.claude.com, "Compaction", usage).
 */
function readNested(
  raw: JsonObject,
  model: string | undefined,
  doubts: string[],
): { model: string; tokens: Usage['tokens'] }[] {
  const nested: { model: string; tokens: Usage['tokens'] }[] = []
  for (const iteration of objectsIn(raw['iterations'])) {
    const type = asString(iteration['type'])
    if (type !== 'advisor_message' && type !== 'compaction') continue
    const name = asString(iteration['model']) ?? model
    if (name !== undefined) nested.push({ model: name, tokens: readTokens(iteration, doubts) })
    else doubts.push(`an iteration of type ${type} names no model`)
  }
  return nested
}
