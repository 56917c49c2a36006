import {
  defineKey,
  type Key,
  type PricingContext,
  type ReserveContext,
  type TokenBucket,
  type Usage,
} from '@gantry/core'
import { ppmOne } from '@gantry/ledger'
import type { ParsedPrice, PriceEntry } from './parse.ts'
import { type Buckets, dearer, type LongContext } from './token-prices.ts'

/** The service tier that the client asked for. Written for models only whose price depends on it. */
export const serviceTier: Key<string> = defineKey('service-tier')

/** What tokens of one request cost. */
export interface TokenRates {
  readonly buckets: Buckets
  /** Parts per million. */
  readonly ratios: readonly bigint[]
  /** Why these and not the plain ones. */
  readonly note?: string
}

/** Remembers the tier that was asked for, where a price depends on it. */
export function rememberTier(book: ReadonlyMap<string, PriceEntry>, context: ReserveContext): void {
  const price = book.get(context.model)
  if (price === undefined || typeof price === 'string' || price.serviceTiers.size === 0) return
  const request = context.decode()
  const asked = 'serviceTier' in request ? request.serviceTier : undefined
  if (typeof asked === 'string') context.set(serviceTier, asked)
}

/** The tier of a request, and whether the upstream said that this one served it. */
export interface Tier {
  readonly name: string
  readonly told: boolean
}

/**
 * The tier of a request: what the upstream says that served it, else what was asked for. The Messages wire says it
 * inside its usage (`service_tier`, platform.claude.com, "Service tiers").
 */
export function tierOf({ usage, peek }: PricingContext): Tier | undefined {
  const told = usage.serviceTier ?? usage.native?.value['service_tier']
  if (typeof told === 'string') return { name: told, told: true }
  const asked = peek(serviceTier)
  return asked === undefined ? undefined : { name: asked, told: false }
}

/**
 * Prices of tokens by how long the input is and which tier serves it. A tier that was only asked for counts where it is
 * dearer: an upstream that does not know it serves the plain one, and a client must not choose its own discount.
 */
export function ratesOf(
  price: ParsedPrice,
  tokens: Usage['tokens'],
  tier: Tier | undefined,
  moment: PricingContext['moment'],
): TokenRates {
  const plain = reached(price, tokens, moment)
  const served = tier && price.serviceTiers.get(tier.name)
  if (!tier || !served) return { buckets: plain.buckets, ratios: [], ...noteOf(plain.above) }
  if ('ratio' in served) {
    if (!tier.told && served.ratio < ppmOne)
      return { buckets: plain.buckets, ratios: [], ...noteOf(plain.above) }
    return { buckets: plain.buckets, ratios: [served.ratio], ...noteOf(plain.above, tier.name) }
  }
  const own = reached(served, tokens, moment)
  const buckets = tier.told ? own.buckets : dearer(own.buckets, plain.buckets)
  return { buckets, ratios: [], ...noteOf(own.above, tier.name) }
}

// ---

const inputs: readonly TokenBucket[] = [
  'input',
  'input_audio',
  'input_image',
  'input_tool',
  'cache_read',
  'cache_write',
  'cache_write_1h',
]

/** Before a request nobody knows which kind its input is, so each kind is asked with all of it: that is no sum. */
function reached(
  { buckets, longContext }: { readonly buckets: Buckets; readonly longContext: LongContext },
  tokens: Usage['tokens'],
  moment: PricingContext['moment'],
): { readonly buckets: Buckets; readonly above?: number } {
  if (longContext.length === 0) return { buckets }
  let length = 0
  for (const bucket of inputs) {
    const count = tokens[bucket] ?? 0
    if (!Number.isSafeInteger(count) || count < 0) continue
    length = moment === 'reserve' ? Math.max(length, count) : length + count
  }
  return longContext.find(({ above }) => length > above) ?? { buckets }
}

function noteOf(above: number | undefined, tier?: string): { readonly note?: string } {
  const notes: string[] = []
  if (above !== undefined) notes.push(`input above ${above} tokens`)
  if (tier !== undefined) notes.push(`tier ${tier}`)
  return notes.length > 0 ? { note: notes.join(', ') } : {}
}
