import type { LongContextPrices, TokenBucket, TokenPrices } from '@gantry/core'
import { parseTokenPrice } from '@gantry/ledger'

/** Pico-units of the asset per token; a bucket that is not there has no price at all. */
export type Buckets = { readonly [bucket in TokenBucket]?: bigint }

/** Prices of requests with more than so many tokens of input, the longest first. */
export type LongContext = readonly { readonly above: number; readonly buckets: Buckets }[]

/** Takes what is wrong with a field. */
export type Report = (field: string, message: string) => void

/** Field of the config, bucket, and whose price it takes when it has none of its own. */
const fields: readonly (readonly [keyof TokenPrices, TokenBucket, (keyof TokenPrices)?])[] = [
  ['input', 'input'],
  ['inputAudio', 'input_audio', 'input'],
  ['inputImage', 'input_image', 'input'],
  ['inputTool', 'input_tool', 'input'],
  ['cacheRead', 'cache_read', 'input'],
  ['cacheWrite', 'cache_write', 'input'],
  ['cacheWrite1h', 'cache_write_1h', 'input'],
  ['output', 'output'],
  ['outputAudio', 'output_audio', 'output'],
  ['outputImage', 'output_image', 'output'],
  ['reasoning', 'reasoning', 'output'],
]

/** Fields that hold a price of tokens. */
export const tokenFields: readonly string[] = fields.map(([field]) => field)

/** Whether a value is an object with names. */
export function isTable(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses a field; what is wrong with it is reported, and it is left out. */
export function attempt(
  entry: { readonly [field: string]: unknown },
  field: string,
  parse: (text: string) => bigint,
  report: Report,
): bigint | undefined {
  if (entry[field] === undefined) return undefined
  try {
    return parse(entry[field] as string)
  } catch (error) {
    report(field, error instanceof Error ? error.message : String(error))
    return undefined
  }
}

/** Parses token prices. A bucket without a price takes its parent's of the same entry. */
export function parseTokens(entry: { readonly [field: string]: unknown }, report: Report): Buckets {
  const parsed = new Map<keyof TokenPrices, bigint | undefined>()
  const buckets: { [bucket in TokenBucket]?: bigint } = {}
  for (const [field, bucket, parent] of fields) {
    parsed.set(field, attempt(entry, field, parseTokenPrice, report))
    const own = parsed.get(field) ?? (parent && parsed.get(parent))
    if (own !== undefined) buckets[bucket] = own
  }
  return buckets
}

/** Parses `longContext`. What an entry leaves out, also by parents, costs what `base` says. */
export function parseLongContext(value: unknown, base: Buckets, report: Report): LongContext {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    report('longContext', 'must be a list like [{ above: 200000, input: "6", output: "22.5" }].')
    return []
  }
  const found = new Map<number, Buckets>()
  for (const [index, entry] of (value as readonly unknown[]).entries()) {
    const at = `longContext.${index}`
    if (!isTable(entry)) {
      report(at, 'must be an object of decimal strings with `above`.')
      continue
    }
    const above = (entry as Partial<LongContextPrices>).above
    if (!Number.isSafeInteger(above) || above === undefined || above < 1) {
      report(`${at}.above`, 'must be a whole number of tokens, at least 1.')
      continue
    }
    if (found.has(above)) report(`${at}.above`, `is there twice: ${above}.`)
    refuseUnknown(entry, ['above'], (field, message) => report(`${at}.${field}`, message))
    const own = parseTokens(entry, (field, message) => report(`${at}.${field}`, message))
    if (!namesPrice(entry)) report(at, 'names no price.')
    found.set(above, { ...base, ...own })
  }
  return [...found]
    .map(([above, buckets]) => ({ above, buckets }))
    .toSorted((left, right) => right.above - left.above)
}

/** Whether there is any price of tokens in an entry, right or wrong. */
export function namesPrice(entry: { readonly [field: string]: unknown }): boolean {
  return tokenFields.some((field) => entry[field] !== undefined)
}

/** Reports fields that are neither token prices nor among `others`. */
export function refuseUnknown(
  entry: { readonly [field: string]: unknown },
  others: readonly string[],
  report: Report,
): void {
  for (const field of Object.keys(entry)) {
    if (tokenFields.includes(field) || others.includes(field)) continue
    report(field, `is not a price. Prices are ${[...tokenFields, ...others].join(', ')}.`)
  }
}

/** Of each bucket the dearer price. */
export function dearer(left: Buckets, right: Buckets): Buckets {
  const most: { [bucket in TokenBucket]?: bigint } = { ...left }
  for (const [bucket, price] of Object.entries(right) as [TokenBucket, bigint][]) {
    const other = most[bucket]
    if (other === undefined || price > other) most[bucket] = price
  }
  return most
}
