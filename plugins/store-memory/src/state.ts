import type { Hold, JsonObject, KeyRecord } from '@gantry/core'
import type { BudgetState, Entry, HoldState, UsageField, WalletState } from '@gantry/ledger'

/** A wallet with its owner. */
export interface WalletRow extends WalletState {
  readonly id: string
  readonly account: string
  readonly asset: string
}

/** A hold with its pinned wallet and the keys of its budgets. */
export interface HoldRow {
  readonly hold: Hold
  readonly wallet: string
  readonly state: HoldState
  readonly amount: bigint
  readonly sent: boolean
  readonly observed: bigint
  readonly budgets: readonly string[]
}

/** A usage row with what is filtered and summed. */
export interface UsageRow {
  readonly seq: number
  readonly at: number
  readonly fields: { readonly [field in UsageField]?: string }
  readonly tokens: readonly number[]
  readonly cost: bigint
  readonly row: JsonObject
}

/** One value with its lifetime. */
export interface KvRow {
  readonly value: Uint8Array
  readonly expiresAt: number
}

/** Everything one memory store knows. Maps keep insertion order, which is how the oldest is found. */
export interface State {
  readonly accounts: Set<string>
  readonly wallets: Map<string, WalletRow>
  readonly budgets: Map<string, BudgetState>
  readonly holds: Map<string, HoldRow>
  /** Ids of open holds: what expiry and recovery look at. */
  readonly open: Set<string>
  readonly entries: Map<string, Entry>
  /** Sum of entries that were let go, by wallet, so that conservation can still be checked. */
  readonly carried: Map<string, bigint>
  readonly usage: Map<string, UsageRow>
  usageSeq: number
  readonly keys: Map<string, { readonly record: KeyRecord; readonly hash: string }>
  readonly hashes: Map<string, string>
  readonly kv: Map<string, KvRow>
  kvBytes: number
}

/** An empty store. */
export function createState(): State {
  return {
    accounts: new Set(),
    wallets: new Map(),
    budgets: new Map(),
    holds: new Map(),
    open: new Set(),
    entries: new Map(),
    carried: new Map(),
    usage: new Map(),
    usageSeq: 0,
    keys: new Map(),
    hashes: new Map(),
    kv: new Map(),
    kvBytes: 0,
  }
}

/** One page of ids in order. Sorted at each call: lists are read by people, not by requests. */
export function pageOfIds(
  ids: Iterable<string>,
  after: string | undefined,
  limit: number,
): { readonly ids: readonly string[]; readonly next?: string } {
  const rest = [...ids].filter((id) => after === undefined || id > after).toSorted()
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return rest.length > limit && last !== undefined ? { ids: page, next: last } : { ids: page }
}
