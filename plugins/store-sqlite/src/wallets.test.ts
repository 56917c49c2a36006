import type { Hold, Settlement } from '@gantry/core'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDatabase, type Database } from './database.ts'
import { createLedger } from './ledger.ts'
import { count } from './row.ts'

let folder: string
let database: Database
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-wallets-'))
  database = createDatabase(join(folder, 'gateway.db'), { readonly: false, timeoutMs: 1000 })
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

async function ledgerWith(amount: bigint): Promise<ReturnType<typeof createLedger>> {
  const ledger = createLedger('sqlite', database)
  await ledger.createAccount({ id: 'ada', wallets: [{ asset: 'usd', overdraft: 0n }] })
  await ledger.transfer({
    account: 'ada',
    asset: 'usd',
    amount,
    counterAccount: 'manual:usd',
    reference: 'first',
  })
  return ledger
}

function holdOf(id: string, amount: bigint): Hold {
  return {
    id,
    account: 'ada',
    wallets: [],
    asset: 'usd',
    amount,
    budgets: [],
    priceVersion: 'v1',
    ratioPpm: 1_000_000n,
    instance: 'one',
    epoch: 1,
    sent: true,
    expiresAt: Date.now() + 60_000,
  }
}

function settlementOf(id: string, amount: bigint): Settlement {
  const usage = { tokens: {}, source: 'upstream', final: true } as const
  return { id, amount, lines: [], usage, outcome: 'completed', attributes: {} }
}

const versionOf = (): Promise<number> | number =>
  database.read('money', (sql) => count(sql('select version from wallet').get() ?? {}, 'version'))

describe('wallets of one commit', () => {
  it('are written once for all that share it, and each operation sees those before it', async () => {
    const ledger = await ledgerWith(100n)
    const before = await versionOf()
    const results = await Promise.all(
      [30n, 60n, 20n].map((amount, at) => ledger.reserve(holdOf(`r${at}`, amount))),
    )
    expect(results.map(({ ok }) => ok)).toEqual([true, true, false])
    expect(await versionOf()).toBe(before + 1)
    await Promise.all([ledger.settle(settlementOf('r0', 10n)), ledger.void('r1', 'refused')])
    expect(await ledger.balance('ada')).toMatchObject([{ posted: 90n, held: 0n }])
    expect(await versionOf()).toBe(before + 2)
    expect(await ledger.audit()).toEqual([])
  })

  it('are in the tables before anything else of the same commit looks there', async () => {
    const ledger = await ledgerWith(100n)
    const reserving = ledger.reserve(holdOf('r0', 40n))
    const balance = ledger.balance('ada')
    const topUp = ledger.transfer({
      account: 'ada',
      asset: 'usd',
      amount: 5n,
      counterAccount: 'manual:usd',
      reference: 'second',
    })
    const more = ledger.reserve(holdOf('r1', 65n))
    expect((await reserving).ok).toBe(true)
    expect(await balance).toMatchObject([{ posted: 100n, held: 40n }])
    await topUp
    expect((await more).ok).toBe(true)
    expect(await ledger.balance('ada')).toMatchObject([{ posted: 105n, held: 105n }])
    expect(await ledger.audit()).toEqual([])
  })

  it('are as if an operation that fails had never been, and the others keep theirs', async () => {
    const ledger = await ledgerWith(100n)
    const outcomes = await Promise.allSettled([
      ledger.reserve(holdOf('r0', 40n)),
      ledger.settle(settlementOf('nobody', 1n)),
      ledger.reserve(holdOf('r1', 40n)),
      ledger.reserve(holdOf('r0', 1n)),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect(await ledger.balance('ada')).toMatchObject([{ posted: 100n, held: 80n }])
    expect(await ledger.audit()).toEqual([])
  })

  it('are read again after a work that changed one and then failed', async () => {
    const ledger = await ledgerWith(100n)
    const broken = database.move((_sql, wallets) => {
      wallets.change('ada:usd', { posted: 0n, held: 0n, overdraft: 0n })
      throw new Error('broken')
    })
    const other = ledger.reserve(holdOf('r0', 100n))
    await expect(broken).rejects.toThrow('broken')
    expect((await other).ok).toBe(true)
    expect(await ledger.balance('ada')).toMatchObject([{ posted: 100n, held: 100n }])
  })
})
