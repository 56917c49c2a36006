import { describe, expect, it } from 'vitest'
import { holdOf, settlementOf } from '@gantry/testing'
import { audit } from './audit.ts'
import { createKv } from './kv.ts'
import { createLedger } from './ledger.ts'
import { forgetOldest } from './retention.ts'
import { createState, type State } from './state.ts'

describe('audit', () => {
  it.each<[string, (state: State) => void]>([
    [
      'I1',
      (state) => change(state.wallets, 'ann:usd', (wallet) => ({ ...wallet, posted: wallet.posted + 1n })),
    ],
    ['I2', (state) => change(state.wallets, 'ann:usd', (wallet) => ({ ...wallet, held: wallet.held + 1n }))],
    ['I3', (state) => change(state.wallets, 'ann:usd', (wallet) => ({ ...wallet, held: 5000n }))],
    ['I4', (state) => state.entries.delete('charge:done')],
    ['I5', (state) => change(state.usage, 'done', (row) => ({ ...row, cost: 1n }))],
    [
      'I6',
      (state) => state.budgets.forEach((budget, key) => state.budgets.set(key, { ...budget, held: 1n })),
    ],
    [
      'I7',
      (state) => change(state.holds, 'open', (row) => ({ ...row, hold: { ...row.hold, expiresAt: 1 } })),
    ],
    [
      'I8',
      (state) => change(state.entries, 'charge:done', (entry) => ({ ...entry, counterAccount: 'revenue' })),
    ],
  ])('finds a broken %s', async (invariant, damage) => {
    const { state } = await used()
    expect(audit(state, Date.now())).toEqual([])
    damage(state)
    expect(audit(state, Date.now()).map((row) => row.invariant)).toContain(invariant)
  })
})

describe('retention', () => {
  it('lets the oldest ended holds go and keeps the books right', async () => {
    const { state, ledger } = await used()
    for (let index = 0; index < 20; index++) {
      await ledger.reserve(holdOf(`r${index}`, { amount: 10n }))
      await ledger.settle(settlementOf(`r${index}`, 7n))
    }
    const balance = await ledger.balance('ann')
    forgetOldest(state, 5)
    expect([...state.holds.keys()]).toEqual(['open', 'r16', 'r17', 'r18', 'r19'])
    expect(state.usage.size).toBe(4)
    expect(await ledger.balance('ann')).toEqual(balance)
    expect(audit(state, Date.now())).toEqual([])
  })

  it('keeps values within its bytes, the newest of them', async () => {
    const kv = createKv('memory', createState(), 3000)
    for (let index = 0; index < 10; index++) {
      await kv.put('ann', `key ${index}`, new Uint8Array(600), { ttlMs: 60_000 })
    }
    const found = await Promise.all(Array.from({ length: 10 }, (_, index) => kv.get('ann', `key ${index}`)))
    expect(found.map((value) => value !== undefined)).toEqual([...Array(7).fill(false), true, true, true])
  })
})

async function used(): Promise<{ state: State; ledger: ReturnType<typeof createLedger> }> {
  const state = createState()
  const ledger = createLedger('memory', state)
  await ledger.createAccount({ id: 'ann', wallets: [{ asset: 'usd', overdraft: 0n }] })
  const transfer = {
    account: 'ann',
    asset: 'usd',
    amount: 1000n,
    counterAccount: 'cash:usd',
    reference: 'start',
  }
  await ledger.transfer(transfer)
  const budgets = [{ kind: 'key', id: 'k1', periodStart: 0, cap: 900n }]
  await ledger.reserve(holdOf('open', { budgets }))
  await ledger.reserve(holdOf('done'))
  await ledger.settle(settlementOf('done', 40n))
  return { state, ledger }
}

function change<T>(map: Map<string, T>, key: string, to: (value: T) => T): void {
  const value = map.get(key)
  if (value === undefined) throw new Error(`${key} is not there`)
  map.set(key, to(value))
}
