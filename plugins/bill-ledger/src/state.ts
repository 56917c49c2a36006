import { defineKey, type Key } from '@gantry/core'

/** What one request carries from reserve to settle. Amounts in nano-units of `asset`. */
export interface BillState {
  readonly asset: string
  /** The public name that was asked for, by which it is priced. */
  readonly model: string
  /** The first hold; an extension adds at least as much again. */
  readonly initial: bigint
  /** What is held now. */
  amount: bigint
  /**
   * Whether the ledger has a hold for this request; `unknown` when it failed to say. Settle waits for it: a late grant
   * must not stay open.
   */
  held: Promise<boolean | 'unknown'>
  extending: boolean
  /** The last extension was refused: the stream ends. */
  refused: boolean
  /** The last extension failed for a reason that is not the customer's. */
  failed: boolean
}

/** Private to this package. */
export const billState: Key<BillState> = defineKey('bill-ledger.state')

/** What the request cost, in nano-units; set by settle, 0 when nothing is charged. For log plugins. */
export const charge: Key<bigint> = defineKey('bill-ledger.charge')
