import type { Hold, LedgerStore } from '@gantry/core'
import { memory } from '@gantry/store-memory'
import * as fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { holdOf, openStore, settlementOf, type StoreSubject } from '@gantry/testing'
import { sqlite } from './index.ts'

/** Written from the money page alone, without the ledger package: what both stores have to agree with. */
interface Model {
  posted: bigint
  readonly overdraft: bigint
  readonly holds: Map<
    string,
    { amount: bigint; state: 'open' | 'posted' | 'voided' | 'expired' | 'late'; end: number; budget: boolean }
  >
  readonly references: Map<string, bigint>
  spent: bigint
}

type Answer = unknown
interface Step {
  readonly show: string
  expected(model: Model): Answer
  run(ledger: LedgerStore, scope: Scope): Promise<Answer>
}
interface Scope {
  readonly account: string
  readonly from: number
  id(name: string): string
}

const cap = 200n
const names = ['a', 'b', 'c', 'd']
let stores: { memory: StoreSubject; sqlite: StoreSubject }
let folder = ''
let runs = 0

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-model-'))
  stores = { memory: await openStore(memory()), sqlite: await openStore(sqlite(join(folder, 'model.db'))) }
})

afterAll(async () => {
  await stores.sqlite.close()
  rmSync(folder, { recursive: true })
})

it(
  'law F02: both stores do what the money page says, whatever is repeated or reordered',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps(), { minLength: 1, maxLength: 50 }),
        fc.bigInt(0n, 300n),
        fc.bigInt(0n, 100n),
        async (list, start, overdraft) => {
          const run = ++runs
          const scope: Scope = {
            account: `account ${run}`,
            from: Date.now() + 3_600_000,
            id: (name) => `${run} ${name}`,
          }
          const model: Model = { posted: 0n, overdraft, holds: new Map(), references: new Map(), spent: 0n }
          for (const { ledger } of [stores.memory, stores.sqlite]) {
            await ledger.createAccount({ id: scope.account, wallets: [{ asset: 'usd', overdraft }] })
          }
          const first: Step[] = start > 0n ? [transfer('start', start)] : []
          for (const step of [...first, ...list]) {
            const expected = step.expected(model)
            for (const [name, { ledger }] of Object.entries(stores)) {
              expect(await step.run(ledger, scope), `${step.show} on ${name}`).toEqual(expected)
              const balance = await ledger.balance(scope.account)
              expect(balance, `balance after ${step.show} on ${name}`).toMatchObject([
                { posted: model.posted, held: held(model) },
              ])
              expect(await ledger.audit()).toEqual([])
            }
          }
          const rows = await Promise.all(
            Object.values(stores).map(async ({ usage }) => {
              const { items } = await usage.query({ account: scope.account }, { limit: 100 })
              return items.map((row) => ({ ...row, at: 0 }))
            }),
          )
          expect(rows[1]).toEqual(rows[0])
          // Nothing stays open for the next run's audit to scan.
          for (const { ledger } of Object.values(stores)) {
            for (const name of names) await ledger.void(scope.id(name), 'end of run')
          }
        },
      ),
      { numRuns: 150 },
    )
  },
)

function steps(): fc.Arbitrary<Step> {
  const name = fc.constantFrom(...names)
  const amount = fc.bigInt(0n, 220n)
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ name, amount, end: fc.nat(50), budget: fc.boolean() }).map(reserve) },
    { weight: 2, arbitrary: fc.tuple(name, amount).map(([id, by]) => extend(id, by)) },
    { weight: 4, arbitrary: fc.tuple(name, amount).map(([id, cost]) => settle(id, cost)) },
    { weight: 2, arbitrary: name.map(voided) },
    { weight: 1, arbitrary: name.map(sent) },
    { weight: 2, arbitrary: fc.nat(60).map(expire) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('x', 'y'), fc.bigInt(-150n, 150n))
        .map(([id, by]) => transfer(id, by)),
    },
  )
}

function reserve(input: { name: string; amount: bigint; end: number; budget: boolean }): Step {
  return {
    show: `reserve ${input.name} ${input.amount}${input.budget ? ' in budget' : ''}`,
    expected(model) {
      if (model.holds.has(input.name)) return { ok: true }
      const room = model.posted + model.overdraft
      if (input.budget && model.spent + input.amount > cap) return { ok: false, limit: 'key' }
      if (room < input.amount) return { ok: false, limit: 'wallet' }
      const busy = input.budget && model.spent + heldInBudget(model) + input.amount > cap
      if (busy || room - held(model) < input.amount) return { ok: false, limit: 'in_flight' }
      model.holds.set(input.name, {
        amount: input.amount,
        state: 'open',
        end: input.end,
        budget: input.budget,
      })
      return { ok: true }
    },
    async run(ledger, scope) {
      const budgets: Hold['budgets'] = input.budget
        ? [{ kind: 'key', id: scope.account, periodStart: 0, cap }]
        : []
      const result = await ledger.reserve(
        holdOf(scope.id(input.name), {
          account: scope.account,
          amount: input.amount,
          expiresAt: scope.from + input.end,
          budgets,
        }),
      )
      return result.ok ? { ok: true } : { ok: false, limit: result.limit }
    },
  }
}

function extend(name: string, by: bigint): Step {
  return {
    show: `extend ${name} ${by}`,
    expected(model) {
      const hold = model.holds.get(name)
      if (hold?.state !== 'open') return false
      if (hold.budget && model.spent + heldInBudget(model) + by > cap) return false
      if (model.posted + model.overdraft - held(model) < by) return false
      hold.amount += by
      return true
    },
    run: async (ledger, scope) => ledger.extend(scope.id(name), by),
  }
}

function settle(name: string, cost: bigint): Step {
  return {
    show: `settle ${name} ${cost}`,
    expected(model) {
      const hold = model.holds.get(name)
      if (!hold) return 'not_found'
      if (hold.state !== 'open' && hold.state !== 'expired') return 'done'
      const late = hold.state === 'expired'
      const free = model.posted + model.overdraft - held(model)
      const most = late ? free : hold.amount + free
      const charged = cost < most ? cost : most
      model.posted -= charged
      if (hold.budget) model.spent += charged
      hold.state = late ? 'late' : 'posted'
      return 'done'
    },
    run: async (ledger, scope) => {
      try {
        await ledger.settle(settlementOf(scope.id(name), cost))
        return 'done'
      } catch (error) {
        return (error as { data?: { class: string } }).data?.class
      }
    },
  }
}

function voided(name: string): Step {
  return {
    show: `void ${name}`,
    expected(model) {
      const hold = model.holds.get(name)
      if (hold?.state === 'open') hold.state = 'voided'
    },
    run: async (ledger, scope) => ledger.void(scope.id(name), 'test'),
  }
}

function sent(name: string): Step {
  return {
    show: `sent ${name}`,
    expected: () => undefined,
    run: async (ledger, scope) => ledger.sent(scope.id(name)),
  }
}

function expire(end: number): Step {
  return {
    show: `expire ${end}`,
    expected(model) {
      let expired = 0
      for (const hold of model.holds.values()) {
        if (hold.state !== 'open' || hold.end >= end) continue
        hold.state = 'expired'
        expired++
      }
      return expired
    },
    run: async (ledger, scope) => ledger.expire(scope.from + end, 500),
  }
}

function transfer(reference: string, amount: bigint): Step {
  return {
    show: `transfer ${reference} ${amount}`,
    expected(model) {
      if (amount === 0n) return 'invalid_request'
      const known = model.references.get(reference)
      if (known !== undefined) return known === amount ? 'done' : 'conflict'
      if (amount < 0n && model.posted + model.overdraft - held(model) < -amount) return 'insufficient_funds'
      model.references.set(reference, amount)
      model.posted += amount
      return 'done'
    },
    run: async (ledger, scope) => {
      try {
        const named = { account: scope.account, asset: 'usd', counterAccount: 'cash:usd' }
        await ledger.transfer({ ...named, amount, reference: scope.id(reference) })
        return 'done'
      } catch (error) {
        return (error as { data?: { class: string } }).data?.class
      }
    },
  }
}

function held(model: Model): bigint {
  let sum = 0n
  for (const { state, amount } of model.holds.values()) if (state === 'open') sum += amount
  return sum
}

function heldInBudget(model: Model): bigint {
  let sum = 0n
  for (const { state, amount, budget } of model.holds.values()) if (state === 'open' && budget) sum += amount
  return sum
}
