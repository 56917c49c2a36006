import type { TokenBucket, Usage } from '../model/usage.ts'
import type { Operation } from './operation.ts'
import type { Target } from './codec.ts'
import type { Key } from './context.ts'

/** quantity × unitPrice × ratios, exact; the ledger rounds once, up, at the end. */
export interface PriceLine {
  readonly rule: string
  readonly item: TokenBucket | 'call' | (string & {})
  readonly quantity: bigint

  /** Pico-units of the asset per item. */
  readonly unitPrice: bigint

  /** Parts per million, all multiplied. */
  readonly ratios: readonly bigint[]
  readonly asset: string
  readonly model?: string
  readonly note?: string
}

/** What a price may depend on. */
export interface PricingContext {
  readonly moment: 'reserve' | 'settle'
  readonly operation: Operation
  readonly model: string
  readonly target?: Target
  readonly usage: Usage

  /** Pinned at reserve, so a schedule cannot change the price in flight. */
  readonly at: Date
  peek<T>(key: Key<T>): T | undefined
}

/** A pure reducer over lines: the same input gives the same bill for ever. */
export interface Pricing<N extends string = string> {
  readonly name: N
  apply(lines: readonly PriceLine[], context: PricingContext): readonly PriceLine[]
}
