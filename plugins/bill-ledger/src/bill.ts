import type { Host, LedgerStore, UsageStore } from '@gantry/core'
import type { BillOptions } from './options.ts'

/** What the hooks share: made at setup, one for each gateway. */
export interface Bill {
  readonly host: Host
  readonly ledger: LedgerStore
  readonly usage: UsageStore | undefined
  readonly options: BillOptions
  /** Names prices and ratios of this boot on each hold. */
  readonly priceVersion: string
  /** Which life of this instance made a hold; the same for all gateways of one process. */
  readonly epoch: number
}
