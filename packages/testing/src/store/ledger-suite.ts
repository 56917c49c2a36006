import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import { expectBalance, fund, holdOf, settlementOf, type StoreSubject } from './subject.ts'

const inFlight = { ok: false, limit: 'in_flight', retryAfterMs: expect.any(Number) }

/** The life of a hold, in any ledger. */
export function ledgerSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  describe('holds', () => {
    it('reserves, settles below the hold, and gives the rest back', async () => {
      const { ledger } = store()
      await fund(ledger, 150n)
      expect(await ledger.reserve(holdOf('r1'))).toEqual({ ok: true, wallet: 'ann:usd' })
      await expectBalance(ledger, { posted: 150n, held: 100n })
      await ledger.settle(settlementOf('r1', 60n))
      await expectBalance(ledger, { posted: 90n, held: 0n })
    })

    it('answers a repeated reservation with the first answer and holds once', async () => {
      const { ledger } = store()
      await fund(ledger, 150n)
      const [first, second] = await Promise.all([ledger.reserve(holdOf('r1')), ledger.reserve(holdOf('r1'))])
      expect(second).toEqual(first)
      await expectBalance(ledger, { posted: 150n, held: 100n })
    })

    it('admits one of two at once when there is money for one, and says that waiting helps', async () => {
      const { ledger } = store()
      await fund(ledger, 150n)
      const results = await Promise.all([ledger.reserve(holdOf('r1')), ledger.reserve(holdOf('r2'))])
      expect(results).toEqual([{ ok: true, wallet: 'ann:usd' }, inFlight])
      await ledger.void('r1', 'test')
      expect(await ledger.reserve(holdOf('r2'))).toMatchObject({ ok: true })
      await expectBalance(ledger, { posted: 150n, held: 100n })
    })

    it('names the wallet when there is too little, no wallet, or the wallet of somebody else', async () => {
      const { ledger } = store()
      await fund(ledger, 99n)
      await fund(ledger, 500n, { account: 'bob' })
      const refused = { ok: false, limit: 'wallet' }
      expect(await ledger.reserve(holdOf('r1'))).toEqual(refused)
      expect(await ledger.reserve(holdOf('r2', { account: 'nobody' }))).toEqual(refused)
      expect(await ledger.reserve(holdOf('r3', { asset: 'cny' }))).toEqual(refused)
      expect(await ledger.reserve(holdOf('r4', { wallets: ['bob:usd'] }))).toEqual(refused)
      await expectBalance(ledger, { posted: 99n, held: 0n })
    })

    it('takes the first wallet that covers the whole hold', async () => {
      const { ledger } = store()
      await fund(ledger, 100n, { overdraft: 0n })
      const wallets = ['ann:gone', 'ann:usd']
      expect(await ledger.reserve(holdOf('r1', { wallets }))).toEqual({ ok: true, wallet: 'ann:usd' })
    })

    it('lets the overdraft be used, and no more', async () => {
      const { ledger } = store()
      await fund(ledger, 0n, { overdraft: 100n })
      expect(await ledger.reserve(holdOf('r1'))).toMatchObject({ ok: true })
      await ledger.settle(settlementOf('r1', 130n))
      await expectBalance(ledger, { posted: -100n, held: 0n })
    })

    it('charges an overrun from what is left and no more', async () => {
      const { ledger } = store()
      await fund(ledger, 150n)
      await ledger.reserve(holdOf('r1'))
      await ledger.settle(settlementOf('r1', 400n))
      await expectBalance(ledger, { posted: 0n, held: 0n })
    })

    it('never charges twice, in whatever order things are repeated', async () => {
      const { ledger } = store()
      await fund(ledger, 1000n)
      await ledger.reserve(holdOf('r1'))
      await Promise.all([ledger.settle(settlementOf('r1', 60n)), ledger.settle(settlementOf('r1', 90n))])
      await ledger.void('r1', 'late')
      await ledger.settle(settlementOf('r1', 10n))
      expect(await ledger.reserve(holdOf('r1'))).toMatchObject({ ok: true })
      expect(await ledger.extend('r1', 5n)).toBe(false)
      await expectBalance(ledger, { posted: 940n, held: 0n })

      await ledger.reserve(holdOf('r2'))
      await ledger.void('r2', 'refused')
      await ledger.settle(settlementOf('r2', 50n))
      await expectBalance(ledger, { posted: 940n, held: 0n })
    })

    it('extends while the money lasts', async () => {
      const { ledger } = store()
      await fund(ledger, 150n)
      await ledger.reserve(holdOf('r1'))
      expect(await ledger.extend('r1', 50n, 85n)).toBe(true)
      expect(await ledger.extend('r1', 1n)).toBe(false)
      expect(await ledger.extend('nothing', 1n)).toBe(false)
      await expectBalance(ledger, { posted: 150n, held: 150n })
      expect(await ledger.open('one')).toMatchObject([{ id: 'r1', amount: 150n, observed: 85n }])
    })

    it('expires what is over, and settles it late from what is left', async () => {
      const { ledger } = store()
      await fund(ledger, 150n)
      const end = Date.now() + 1000
      await ledger.reserve(holdOf('r1', { expiresAt: end }))
      await ledger.reserve(holdOf('r2', { expiresAt: end + 1, amount: 50n }))
      expect(await ledger.expire(end, 500)).toBe(0)
      expect(await ledger.expire(end + 1, 500)).toBe(1)
      await expectBalance(ledger, { posted: 150n, held: 50n })
      await ledger.settle(settlementOf('r1', 120n))
      await ledger.settle(settlementOf('r1', 120n))
      await expectBalance(ledger, { posted: 50n, held: 50n })
    })

    it('expires no more at once than it is told to, oldest first', async () => {
      const { ledger } = store()
      await fund(ledger, 1000n)
      const now = Date.now()
      for (const index of [3, 1, 2]) {
        await ledger.reserve(holdOf(`r${index}`, { amount: 10n, expiresAt: now + index }))
      }
      expect(await ledger.expire(now + 100, 2)).toBe(2)
      expect((await ledger.open('one')).map(({ id }) => id)).toEqual(['r3'])
    })

    it('shows open holds of one instance as they stand', async () => {
      const { ledger } = store()
      await fund(ledger, 1000n)
      const budgets = [{ kind: 'key', id: 'k1', periodStart: 5, cap: 700n }]
      const hold = holdOf('r1', { sent: false, epoch: 7, budgets })
      await ledger.reserve(hold)
      await ledger.reserve(holdOf('r2', { instance: 'two' }))
      await ledger.reserve(holdOf('r3'))
      await ledger.settle(settlementOf('r3', 0n))
      expect(await ledger.open('one')).toEqual([{ ...hold, wallets: ['ann:usd'], observed: 0n }])
      await ledger.sent('r1')
      expect(await ledger.open('one')).toMatchObject([{ id: 'r1', sent: true }])
    })

    it('fails a settlement of a hold nobody made, and changes nothing', async () => {
      const { ledger } = store()
      await fund(ledger, 10n)
      await expect(Promise.resolve(ledger.settle(settlementOf('ghost', 5n)))).rejects.toMatchObject({
        data: { class: 'not_found', code: 'hold_not_found' },
      })
      await expectBalance(ledger, { posted: 10n, held: 0n })
    })

    it('refuses amounts that cannot be, and nothing of them stays', async () => {
      const { ledger } = store()
      await fund(ledger, 1000n)
      await expect(Promise.resolve(ledger.reserve(holdOf('r1', { amount: -1n })))).rejects.toThrow(RangeError)
      await ledger.reserve(holdOf('r2'))
      await expect(Promise.resolve(ledger.settle(settlementOf('r2', -1n)))).rejects.toThrow(RangeError)
      await expect(Promise.resolve(ledger.settle(settlementOf('r2', 2n ** 70n)))).rejects.toThrow(RangeError)
      await expectBalance(ledger, { posted: 1000n, held: 100n })
    })

    it('holds and charges nothing for nothing, with an empty wallet', async () => {
      const { ledger } = store()
      await fund(ledger, 0n)
      expect(await ledger.reserve(holdOf('r1', { amount: 0n }))).toMatchObject({ ok: true })
      await ledger.settle(settlementOf('r1', 0n))
      await expectBalance(ledger, { posted: 0n, held: 0n })
    })
  })

  describe('budgets', () => {
    const key = { kind: 'key', id: 'k1', periodStart: 1000, cap: 250n }
    const group = { kind: 'group', id: 'g1', periodStart: 1000, cap: 180n }

    it('count held and spent, and the refusal names which', async () => {
      const { ledger } = store()
      await fund(ledger, 10_000n)
      expect(await ledger.reserve(holdOf('r1', { budgets: [key, group] }))).toMatchObject({ ok: true })
      expect(await ledger.reserve(holdOf('r2', { budgets: [key, group] }))).toEqual(inFlight)
      await ledger.settle(settlementOf('r1', 90n))
      expect(await ledger.reserve(holdOf('r3', { budgets: [key, group] }))).toEqual({
        ok: false,
        limit: 'group',
      })
      expect(await ledger.reserve(holdOf('r4', { budgets: [key] }))).toMatchObject({ ok: true })
      expect(await ledger.reserve(holdOf('r5', { amount: 161n, budgets: [key] }))).toEqual({
        ok: false,
        limit: 'key',
      })
      await expectBalance(ledger, { posted: 9910n, held: 100n })
    })

    it('limit an extension', async () => {
      const { ledger } = store()
      await fund(ledger, 10_000n)
      await ledger.reserve(holdOf('r1', { budgets: [group] }))
      expect(await ledger.extend('r1', 81n)).toBe(false)
      expect(await ledger.extend('r1', 80n)).toBe(true)
      await expectBalance(ledger, { posted: 10_000n, held: 180n })
      await ledger.settle(settlementOf('r1', 180n))
      await expectBalance(ledger, { posted: 9820n, held: 0n })
    })

    it('begin anew with each period, and a repeated one counts once', async () => {
      const { ledger } = store()
      await fund(ledger, 10_000n)
      expect(await ledger.reserve(holdOf('r1', { budgets: [group, group] }))).toMatchObject({ ok: true })
      await ledger.settle(settlementOf('r1', 100n))
      expect(await ledger.reserve(holdOf('r2', { budgets: [group] }))).toMatchObject({ ok: false })
      const next = { ...group, periodStart: 2000 }
      expect(await ledger.reserve(holdOf('r3', { budgets: [next] }))).toMatchObject({ ok: true })
      await expectBalance(ledger, { posted: 9900n, held: 100n })
    })
  })
}
