import type { AnyPlugin, KeyStore, KvStore, LedgerStore, UsageStore } from '@gantry/core'
import { memory } from '@gantry/store-memory'
import { failingChecks, storeChecks } from '@gantry/testing'
import { expect, it } from 'vitest'

/** What a test breaks in a store that is sound otherwise. */
interface Breakage {
  keys?(sound: KeyStore): Partial<KeyStore>
  kv?(sound: KvStore): Partial<KvStore>
  ledger?(sound: LedgerStore): Partial<LedgerStore>
  usage?(sound: UsageStore): Partial<UsageStore>
}

function broken(breakage: Breakage): AnyPlugin {
  const { provides, ...plugin } = memory()
  const one = <S extends object>(
    stores: readonly S[] | undefined,
    change?: (sound: S) => Partial<S>,
  ): readonly S[] => (stores ?? []).map((store) => ({ ...store, ...change?.(store) }))
  return {
    ...plugin,
    provides: {
      keys: one<KeyStore>(provides.keys, breakage.keys),
      kv: one<KvStore>(provides.kv, breakage.kv),
      ledger: one<LedgerStore>(provides.ledger, breakage.ledger),
      usage: one<UsageStore>(provides.usage, breakage.usage),
    },
  }
}

const failing = (breakage: Breakage): Promise<readonly string[]> =>
  failingChecks(storeChecks(() => broken(breakage)))

it('a sound store passes', async () => {
  expect(await failing({})).toEqual([])
})

it.each<[string, Breakage, string]>([
  [
    'finds no key',
    { keys: () => ({ find: async () => undefined }) },
    'finds a key by its hash, whole, right after it was created',
  ],
  [
    'overwrites a key',
    {
      keys: (sound) => ({
        create: async (record, hash) =>
          void (await Promise.resolve(sound.create(record, hash)).catch(() => {})),
      }),
    },
    'refuses an id or hash that exists',
  ],
  [
    'revokes nothing',
    { keys: () => ({ revoke: async () => true }) },
    'revokes, and says whether there was such a key',
  ],
  [
    'lists without a cursor',
    { keys: (sound) => ({ list: async (page) => ({ items: (await sound.list(page)).items }) }) },
    'lists page by page, each key once',
  ],
  [
    'keeps values as text',
    { kv: (sound) => ({ get: async (...at) => utf8(await sound.get(...at)) }) },
    'keeps bytes exactly, right after they were put',
  ],
  [
    'forgets whose a value is',
    {
      kv: (sound) => ({
        get: (_, key) => sound.get('all', key),
        put: (_, ...rest) => sound.put('all', ...rest),
      }),
    },
    'never shows one account the value of another',
  ],
  [
    'overwrites what was to be absent',
    {
      kv: (sound) => ({ put: (account, key, value, { ttlMs }) => sound.put(account, key, value, { ttlMs }) }),
    },
    'writes only when absent, if asked, and one of many at once wins',
  ],
  [
    'keeps values for ever',
    {
      kv: (sound) => ({
        put: (account, key, value, options) => sound.put(account, key, value, { ...options, ttlMs: 1e9 }),
      }),
    },
    'forgets a value when its time is over',
  ],
  [
    'holds nothing',
    { ledger: () => ({ reserve: async () => ({ ok: true, wallet: 'ann:usd' }) }) },
    'reserves, settles below the hold, and gives the rest back',
  ],
  [
    'charges again when a settlement is repeated',
    { ledger: (sound) => twice(sound) },
    'never charges twice, in whatever order things are repeated',
  ],
  [
    'takes any wallet',
    {
      ledger: (sound) => ({
        reserve: (hold) =>
          sound.reserve({ ...hold, account: hold.wallets[0]?.split(':')[0] ?? hold.account }),
      }),
    },
    'names the wallet when there is too little, no wallet, or the wallet of somebody else',
  ],
  [
    'ignores budgets',
    { ledger: (sound) => ({ reserve: (hold) => sound.reserve({ ...hold, budgets: [] }) }) },
    'count held and spent, and the refusal names which',
  ],
  [
    'never expires',
    { ledger: () => ({ expire: async () => 0 }) },
    'expires what is over, and settles it late from what is left',
  ],
  [
    'extends beyond the money',
    { ledger: () => ({ extend: async () => true }) },
    'extends while the money lasts',
  ],
  [
    'credits a reference twice',
    {
      ledger: (sound) => ({
        transfer: (entry) => sound.transfer({ ...entry, reference: `${entry.reference} ${++serial}` }),
      }),
    },
    'moves money once for each reference',
  ],
  [
    'rounds large amounts',
    {
      ledger: (sound) => ({
        transfer: (entry) => sound.transfer({ ...entry, amount: BigInt(Number(entry.amount)) }),
      }),
    },
    'keeps amounts beyond 2^53 exact and refuses those beyond 64 bits',
  ],
  [
    'swallows a settlement of nothing',
    {
      ledger: (sound) => ({
        settle: async (one) => void (await Promise.resolve(sound.settle(one)).catch(() => {})),
      }),
    },
    'fails a settlement of a hold nobody made, and changes nothing',
  ],
  [
    'writes a usage row each time',
    { usage: (sound) => ({ write: (row) => sound.write({ ...row, requestId: `r${++serial}` }) }) },
    'writes a row once for each request',
  ],
  [
    'ignores filters',
    { usage: (sound) => ({ query: (_, page) => sound.query({}, page) }) },
    'shows newest first, filtered, page by page',
  ],
  ['answers any sum', { usage: () => ({ sum: async () => [] }) }, 'refuses an unknown field'],
  [
    'leaves no row of what was settled',
    { usage: () => ({ query: async () => ({ items: [] }) }) },
    'has the row of a settlement, with the lines that make its cost',
  ],
])('a store that %s fails', async (_, breakage, expected) => {
  expect(await failing(breakage)).toContain(expected)
})

let serial = 0

/** A settlement that is repeated is taken for a debit. */
function twice(sound: LedgerStore): Partial<LedgerStore> {
  const settled = new Set<string>()
  return {
    async settle(settlement) {
      if (settled.has(settlement.id)) {
        const entry = { account: 'ann', asset: 'usd', amount: -1n, counterAccount: 'revenue:usd' }
        return sound.transfer({ ...entry, reference: `again ${++serial}` })
      }
      await sound.settle(settlement)
      settled.add(settlement.id)
    },
  }
}

function utf8(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && new TextEncoder().encode(new TextDecoder().decode(bytes))
}
