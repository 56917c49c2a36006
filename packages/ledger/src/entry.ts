import type { Posting } from './hold.ts'

/**
 * One transfer: the signed amount on `wallet` (or on the system account `account` when there is no wallet), the opposite
 * on `counterAccount`. `id` is unique, which makes every posting idempotent.
 */
export interface Entry {
  readonly id: string
  readonly account: string
  readonly wallet: string | null
  readonly counterAccount: string
  readonly asset: string
  readonly amount: bigint
  readonly kind: 'transfer' | 'charge' | 'late' | 'writeoff'
  /** The hold that was charged; at most one entry names it. */
  readonly hold: string | null
}

/** The id of the entry a transfer makes. */
export function transferId(reference: string): string {
  return `transfer:${reference}`
}

/**
 * The entries of a posting: always the charge, also when it is 0, and a write-off for what the wallet did not cover.
 * A write-off is between the revenue and write-off accounts, so the wallet shows only what its owner paid.
 */
export function entriesOf(
  hold: { readonly id: string; readonly account: string; readonly wallet: string; readonly asset: string },
  posting: Posting,
): readonly Entry[] {
  const { id, account, wallet, asset } = hold
  const revenue = `revenue:${asset}`
  const charge: Entry = {
    id: `charge:${id}`,
    account,
    wallet,
    counterAccount: revenue,
    asset,
    amount: -posting.charged,
    kind: posting.kind,
    hold: id,
  }
  if (posting.writtenOff === 0n) return [charge]
  const writeoff: Entry = {
    id: `writeoff:${id}`,
    account: revenue,
    wallet: null,
    counterAccount: `writeoff:${asset}`,
    asset,
    amount: posting.writtenOff,
    kind: 'writeoff',
    hold: null,
  }
  return [charge, writeoff]
}
