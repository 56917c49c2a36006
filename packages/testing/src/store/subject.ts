import type {
  AnyPlugin,
  Hold,
  Host,
  KeyStore,
  KvStore,
  LedgerStore,
  Settlement,
  UsageStore,
} from '@gantry/core'
import { expect } from 'vitest'

/** A store plugin, taken apart. */
export interface StoreSubject {
  readonly keys: KeyStore
  readonly ledger: LedgerStore
  readonly usage: UsageStore
  readonly kv: KvStore
  close(): Promise<void>
}

/** Runs the plugin's setup and takes the stores it provides; fails where one is missing. */
export async function openStore(plugin: AnyPlugin): Promise<StoreSubject> {
  await plugin.setup?.(idleHost)
  const keys = plugin.provides?.keys?.[0]
  const ledger = plugin.provides?.ledger?.[0]
  const usage = plugin.provides?.usage?.[0]
  const kv = plugin.provides?.kv?.[0]
  if (!keys || !ledger || !usage || !kv) {
    throw new Error(`${plugin.name} has to provide keys, ledger, usage and kv for this suite`)
  }
  return { keys, ledger, usage, kv, close: async () => plugin.close?.() }
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

const refuse = (): never => {
  throw new Error('a store needs nothing of its host')
}

const idleHost: Host = {
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  config: { providers: {}, models: {}, groups: {} },
  use: refuse,
  all: refuse,
  price: refuse,
  task: refuse,
}
