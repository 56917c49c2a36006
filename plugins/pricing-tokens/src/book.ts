import type { ConfigProblem, ModelPrice, ResolvedConfig, TokenBucket } from '@gantry/core'
import { parseTokenPrice, parseUnitPrice } from '@gantry/ledger'

/** A model's price, parsed. A bucket that is not in `buckets` has no price at all. */
export interface ParsedPrice {
  readonly asset: string
  /** Pico-units of the asset per token. */
  readonly buckets: { readonly [bucket in TokenBucket]?: bigint }
  /** Pico-units of the asset per call. */
  readonly call?: bigint
}

/** What the config says of a model's price: `unpriced` covers no price and a price list that is not here. */
export type PriceEntry = ParsedPrice | 'free' | 'unpriced'

type TokenField = Exclude<keyof ModelPrice, 'call' | 'asset'>

/** Field of the config, bucket, and whose price it takes when it has none of its own. */
const fields: readonly (readonly [TokenField, TokenBucket, TokenField?])[] = [
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

const known: readonly string[] = [...fields.map(([field]) => field), 'call', 'asset']
const assetName = /^[a-z][a-z0-9_-]{0,31}$/

/** Parses one model's price. Wrong parts go to `report` with their field (empty: the whole price) and are left out. */
export function parsePrice(price: unknown, report: (field: string, message: string) => void): PriceEntry {
  if (price === undefined || price === 'list') return 'unpriced'
  if (price === 'free') return 'free'
  if (typeof price !== 'object' || price === null || Array.isArray(price)) {
    report('', 'must be an object of decimal strings, "list" or "free".')
    return 'unpriced'
  }
  const entry = price as { readonly [field: string]: unknown }
  for (const field of Object.keys(entry)) {
    if (!known.includes(field)) report(field, `is not a price. Prices are ${known.join(', ')}.`)
  }
  const attempt = (field: string, parse: (text: string) => bigint): bigint | undefined => {
    if (entry[field] === undefined) return undefined
    try {
      return parse(entry[field] as string)
    } catch (error) {
      report(field, error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const parsed = new Map<TokenField, bigint | undefined>()
  const buckets: { [bucket in TokenBucket]?: bigint } = {}
  for (const [field, bucket, parent] of fields) {
    parsed.set(field, attempt(field, parseTokenPrice))
    const own = parsed.get(field) ?? (parent && parsed.get(parent))
    if (own !== undefined) buckets[bucket] = own
  }
  const call = attempt('call', parseUnitPrice)
  const asset = entry.asset ?? 'usd'
  if (typeof asset !== 'string' || !assetName.test(asset)) {
    report('asset', 'must be the lower-case name of an asset, like "usd".')
    return 'unpriced'
  }
  if (call === undefined && Object.keys(buckets).length === 0) return 'unpriced'
  return { asset, buckets, ...(call !== undefined && { call }) }
}

/** Parses every model's price once; wrong ones were reported by `checkPrices` and count as unpriced. */
export function readBook(config: ResolvedConfig): ReadonlyMap<string, PriceEntry> {
  const book = new Map<string, PriceEntry>()
  for (const [model, entry] of Object.entries(config.models)) {
    let wrong = false
    const price = parsePrice(entry.price, () => (wrong = true))
    book.set(model, wrong ? 'unpriced' : price)
  }
  return book
}

/** Problems in `models.*.price`, each with its dotted path. */
export function checkPrices(config: ResolvedConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [model, entry] of Object.entries(config.models ?? {})) {
    const path = `models.${model}.price`
    let wrong = false
    const price = parsePrice(entry?.price, (field, message) => {
      wrong = true
      problems.push({
        code: 'INVALID_PRICE',
        severity: 'error',
        path: field ? `${path}.${field}` : path,
        message,
        fix: 'Token prices are per million tokens, like { input: "1.25", output: "10" }.',
      })
    })
    if (wrong || price === 'free') continue
    if (price === 'unpriced') {
      if (typeof entry?.price === 'object') {
        problems.push({
          code: 'INVALID_PRICE',
          severity: 'error',
          path,
          message: 'names no price at all.',
          fix: 'Name a price, or say "free".',
        })
      }
    } else if (
      price.call === undefined &&
      !(price.buckets.input !== undefined && price.buckets.output !== undefined)
    ) {
      const missing = price.buckets.input === undefined ? 'input' : 'output'
      problems.push({
        code: 'INCOMPLETE_PRICE',
        severity: 'warning',
        path: `${path}.${missing}`,
        message: `is missing, so requests that use ${missing} tokens are refused where they are billed.`,
        fix: `Set it, or "0" if ${missing} tokens are free.`,
      })
    }
  }
  return problems
}
