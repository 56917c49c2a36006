import * as z from 'zod'

/** Options of `billLedger`. */
export interface BillLedgerOptions {
  /** What becomes of a model without a price: `refuse` with 503 (default), or `free`. */
  readonly unpriced?: 'refuse' | 'free'
  /** Output tokens a stream holds at first, at most; it is extended as it runs. Default 4096. */
  readonly streamOutputTokens?: number
  /** What a request that a crash interrupted costs: what was seen (default), nothing, or its hold. */
  readonly onCrash?: 'charge-observed' | 'void' | 'charge-hold'
  /** Charge for what was delivered before an upstream died. Default true. */
  readonly chargePartial?: boolean
  /** Names this process in a store that several share; each needs its own, the same after a restart. Default `local`. */
  readonly instance?: string
  /** When a hold nobody settled is released, in milliseconds. Default 61 minutes: the total timeout and a minute. */
  readonly holdTtlMs?: number
  /** How often ended holds are looked for, in milliseconds. Default 10 000. */
  readonly sweepMs?: number
}

/** Options with their defaults. */
export type BillOptions = Required<BillLedgerOptions>

const fields = z.strictObject({
  unpriced: z.enum(['refuse', 'free']).default('refuse'),
  streamOutputTokens: z.int().min(1).max(1_000_000).default(4096),
  onCrash: z.enum(['charge-observed', 'void', 'charge-hold']).default('charge-observed'),
  chargePartial: z.boolean().default(true),
  instance: z.string().min(1).max(128).default('local'),
  holdTtlMs: z.int().min(1000).max(86_400_000).default(3_660_000),
  sweepMs: z.int().min(100).max(3_600_000).default(10_000),
})

/** Reads options; no options are all defaults. */
export const readOptions: z.ZodType<BillOptions, BillLedgerOptions | undefined> = fields.prefault({})
