import type {
  AnyPlugin,
  CounterStore,
  Hold,
  KeyStore,
  KvStore,
  LedgerStore,
  Settlement,
  Slots,
  UsageStore,
} from '@gantry/core'
import { expect } from 'vitest'
import { createFakeHost } from '../fake/host.ts'

/** What a store can be tested for. */
export type StoreCapability = 'keys' | 'ledger' | 'usage' | 'kv' | 'counters'

/** A store plugin, taken apart. Reading a capability that it does not provide throws. */
export interface StoreSubject {
  readonly keys: KeyStore
  readonly ledger: LedgerStore
  readonly usage: UsageStore
  readonly kv: KvStore
  readonly counters: CounterStore
  /** Which of them it provides. */
  readonly provides: readonly StoreCapability[]
  close(): Promise<void>
}

/** Every capability that has a suite. */
export const storeCapabilities: readonly StoreCapability[] = ['keys', 'kv', 'counters', 'ledger', 'usage']

/** Runs the plugin's setup and takes the stores it provides. Rejects when the setup does; see `StoreSubject` for what is missing. */
export async function openStore(plugin: AnyPlugin): Promise<StoreSubject> {
  await plugin.setup?.(createFakeHost())
  const take = <S extends StoreCapability>(slot: S): Slots[S] => {
    const found = plugin.provides?.[slot]?.[0]
    if (!found) throw new Error(`${plugin.name} provides no ${slot}.`)
    return found as Slots[S]
  }
  return {
    get keys() {
      return take('keys')
    },
    get ledger() {
      return take('ledger')
    },
    get usage() {
      return take('usage')
    },
    get kv() {
      return take('kv')
    },
    get counters() {
      return take('counters')
    },
    provides: storeCapabilities.filter((slot) => plugin.provides?.[slot]?.length),
    close: async () => plugin.close?.(),
  }
}

/** A hold of 100 nano-dollars of `ann`, one hour long, with what the test changes. */
export function holdOf(id: string, changes: Partial<Hold> = {}): Hold {
  return {
    id,
    account: 'ann',
    wallets: [],
    asset: 'usd',
    amount: 100n,
    budgets: [],
    priceVersion: 'v1',
    ratioPpm: 1_000_000n,
    instance: 'one',
    epoch: 1,
    sent: true,
    expiresAt: Date.now() + 3_600_000,
    ...changes,
  }
}

/** A completed settlement with usage of the upstream. */
export function settlementOf(id: string, amount: bigint, changes: Partial<Settlement> = {}): Settlement {
  return {
    id,
    amount,
    lines: [],
    usage: { tokens: { input: 10, output: 5 }, source: 'upstream', final: true },
    outcome: 'completed',
    attributes: { key: 'k1', group: 'g1', model: 'm1', target: 'p/m1' },
    ...changes,
  }
}

/** Fails unless the one wallet of an account in dollars stands like this, and every invariant holds. */
export async function expectBalance(
  ledger: LedgerStore,
  expected: { readonly posted: bigint; readonly held: bigint },
  account = 'ann',
): Promise<void> {
  const wallets = await ledger.balance(account)
  expect(wallets.find((wallet) => wallet.asset === 'usd')).toMatchObject(expected)
  expect(await ledger.audit()).toEqual([])
}

/** Creates an account with this many nano-dollars. */
export async function fund(
  ledger: LedgerStore,
  amount: bigint,
  { account = 'ann', overdraft = 0n }: { account?: string; overdraft?: bigint } = {},
): Promise<void> {
  await ledger.createAccount({ id: account, wallets: [{ asset: 'usd', overdraft }] })
  if (amount === 0n) return
  await ledger.transfer({
    account,
    asset: 'usd',
    amount,
    counterAccount: 'cash:usd',
    reference: `start ${account}`,
  })
}
