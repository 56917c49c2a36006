import type { Operation, Schema } from '@gantry/core'
import { parseUnitPrice } from '@gantry/ledger'
import * as z from 'zod'

/** Options of `pricingPerCall`. */
export interface PricingPerCallOptions {
  /** The first entry that fits a request prices it; a request that none fits is left as it is. */
  readonly prices: readonly CallPrice[]
}

/** What requests cost, whatever their length. */
export interface CallPrice {
  /** Public model names, `*` for any run of characters; all models by default. */
  readonly models?: readonly string[]
  /** All operations by default. */
  readonly operations?: readonly Operation[]
  /** Decimal string per request, at most 12 decimals. */
  readonly call?: string
  /** Per thing that the usage counts one by one, by its name there: `{ web_search: '0.01', image: '0.04' }`. */
  readonly units?: { readonly [unit: string]: string | UnitPrice }
  /** `usd` by default. */
  readonly asset?: string
  /** The lines of the rules before this one are dropped: the request costs this and nothing else. */
  readonly only?: boolean
}

/** The price of one unit. */
export interface UnitPrice {
  /** Decimal string per unit, at most 12 decimals. */
  readonly price: string
  /** How many are set aside before the request, when nobody knows yet; 1 by default. */
  readonly hold?: number
}

/** A price, parsed. Pico-units of the asset. */
export interface ParsedPrice {
  readonly models?: readonly string[] | undefined
  readonly operations?: readonly string[] | undefined
  readonly call?: bigint | undefined
  readonly units: readonly ParsedUnit[]
  readonly asset: string
  readonly only: boolean
}

/** A unit's price, parsed. */
export interface ParsedUnit {
  readonly unit: string
  /** Pico-units of the asset. */
  readonly unitPrice: bigint
  /** Units set aside before the request. */
  readonly hold: bigint
}

const price = z.custom<string>().transform((value, context): bigint => {
  try {
    return parseUnitPrice(value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    return z.NEVER
  }
})

const unit = z.union(
  [
    z
      .string()
      .pipe(price)
      .transform((unitPrice) => ({ unitPrice, hold: 1n })),
    z
      .strictObject({ price, hold: z.int().min(1).max(1_000_000).default(1) })
      .transform((given) => ({ unitPrice: given.price, hold: BigInt(given.hold) })),
  ],
  { error: 'must be a decimal string like "0.04", or { price: "0.04", hold: 2 }.' },
)

const names = z.array(z.string().min(1)).min(1)

const entry = z
  .strictObject({
    models: names.optional(),
    operations: z
      .array(z.enum(['generate', 'embed', 'countTokens', 'compact', 'listModels']))
      .min(1)
      .optional(),
    call: price.optional(),
    units: z.record(z.string().min(1), unit).default({}),
    asset: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be the lower-case name of an asset, like "usd".')
      .default('usd'),
    only: z.boolean().default(false),
  })
  .transform((given): ParsedPrice => ({
    ...given,
    units: Object.entries(given.units).map(([name, parsed]) => ({ unit: name, ...parsed })),
  }))
  .refine((given) => given.call !== undefined || given.units.length > 0, 'names no price: set call or units.')

const schema = z.strictObject({ prices: z.array(entry).min(1) })

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<PricingPerCallOptions, { readonly prices: readonly ParsedPrice[] }> =
  schema
