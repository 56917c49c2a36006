import type { Decimal } from '@gantry/core'
import { parseRatio, parseUnitPrice } from '@gantry/ledger'
import {
  attempt,
  type Buckets,
  dearer,
  isTable,
  type LongContext,
  namesPrice,
  parseLongContext,
  parseTokens,
  refuseUnknown,
  type Report,
} from './token-prices.ts'

/** A model's price, parsed. */
export interface ParsedPrice {
  readonly asset: string
  readonly buckets: Buckets
  readonly longContext: LongContext
  /** Pico-units of the asset per call. */
  readonly call?: bigint
  /** Pico-units of the asset per unit. */
  readonly units: ReadonlyMap<string, bigint>
  readonly serviceTiers: ReadonlyMap<string, ServiceTier>
}

/** What a service tier changes: the ratio is a factor on token prices, in parts per million; else it has its own. */
export type ServiceTier =
  | { readonly ratio: bigint }
  | { readonly buckets: Buckets; readonly longContext: LongContext }

/** What the config says of a model's price: `unpriced` covers no price and a price list that is not here. */
export type PriceEntry = ParsedPrice | 'free' | 'unpriced'

const assetName = /^[a-z][a-z0-9_-]{0,31}$/
const others = ['call', 'units', 'longContext', 'serviceTiers', 'asset']

/** Parses one model's price. Wrong parts go to `report` with their field (empty: the whole price) and are left out. */
export function parsePrice(price: unknown, report: Report): PriceEntry {
  if (price === undefined || price === 'list') return 'unpriced'
  if (price === 'free') return 'free'
  if (!isTable(price)) {
    report('', 'must be an object of decimal strings, "list" or "free".')
    return 'unpriced'
  }
  refuseUnknown(price, others, report)
  const buckets = parseTokens(price, report)
  const longContext = parseLongContext(price['longContext'], buckets, report)
  const call = attempt(price, 'call', parseUnitPrice, report)
  const units = parseUnits(price['units'], report)
  const serviceTiers = parseServiceTiers(price['serviceTiers'], buckets, longContext, report)
  const asset = price['asset'] ?? 'usd'
  if (typeof asset !== 'string' || !assetName.test(asset)) {
    report('asset', 'must be the lower-case name of an asset, like "usd".')
    return 'unpriced'
  }
  if (call === undefined && units.size === 0 && Object.keys(buckets).length === 0) return 'unpriced'
  return { asset, buckets, longContext, units, serviceTiers, ...(call !== undefined && { call }) }
}

// ---

function parseUnits(value: unknown, report: Report): ReadonlyMap<string, bigint> {
  const units = new Map<string, bigint>()
  if (value === undefined) return units
  if (!isTable(value)) {
    report('units', 'must be an object like { web_search: "0.01" }.')
    return units
  }
  for (const unit of Object.keys(value)) {
    const price = attempt(value, unit, parseUnitPrice, (field, message) => report(`units.${field}`, message))
    if (price !== undefined) units.set(unit, price)
  }
  return units
}

function parseServiceTiers(
  value: unknown,
  base: Buckets,
  baseLong: LongContext,
  report: Report,
): ReadonlyMap<string, ServiceTier> {
  const tiers = new Map<string, ServiceTier>()
  if (value === undefined) return tiers
  if (!isTable(value)) {
    report('serviceTiers', 'must be an object like { batch: "0.5" }.')
    return tiers
  }
  for (const [name, entry] of Object.entries(value)) {
    const at = `serviceTiers.${name}`
    const say: Report = (field, message) => report(`${at}.${field}`, message)
    if (isTable(entry)) {
      refuseUnknown(entry, ['longContext'], say)
      const own = parseTokens(entry, say)
      const buckets = { ...base, ...own }
      if (!namesPrice(entry)) report(at, 'names no price.')
      // Without long prices of its own a long request costs the dearer of the tier and of the model's long prices.
      const longContext =
        entry['longContext'] === undefined
          ? baseLong.map(({ above, buckets: long }) => ({ above, buckets: dearer(buckets, long) }))
          : parseLongContext(entry['longContext'], buckets, say)
      tiers.set(name, { buckets, longContext })
    } else {
      try {
        tiers.set(name, { ratio: parseRatio(entry as Decimal) })
      } catch (error) {
        report(at, error instanceof Error ? error.message : String(error))
      }
    }
  }
  return tiers
}
