import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import { fund, holdOf, settlementOf, type StoreSubject } from './subject.ts'

/** What settlements leave behind in usage, where one store has both. */
export function settledSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  describe('settled usage', () => {
    it('has the row of a settlement, with the lines that make its cost', async () => {
      const { ledger, usage } = store()
      await fund(ledger, 1000n)
      await ledger.reserve(holdOf('r1'))
      const line = {
        rule: 'tokens',
        item: 'input',
        quantity: 10n,
        unitPrice: 2n ** 60n,
        ratios: [800_000n],
        asset: 'usd',
      }
      const settlement = settlementOf('r1', 42n, { lines: [line] })
      await ledger.settle(settlement)
      const { items } = await usage.query({}, { limit: 10 })
      expect(items).toEqual([
        {
          requestId: 'r1',
          at: expect.any(Number),
          account: 'ann',
          asset: 'usd',
          cost: '0.000000042',
          key: 'k1',
          group: 'g1',
          model: 'm1',
          target: 'p/m1',
          outcome: 'completed',
          usageSource: 'upstream',
          tokens: { input: 10, output: 5 },
          priceVersion: 'v1',
          lines: [{ ...line, quantity: '10', unitPrice: String(2n ** 60n), ratios: ['800000'] }],
        },
      ])
    })

    it('sums requests, tokens and cost by what is asked, never over two assets', async () => {
      const { ledger, usage } = store()
      await fund(ledger, 1000n)
      for (const id of ['r1', 'r2', 'r3']) {
        await ledger.reserve(holdOf(id))
        const attributes = { key: id === 'r3' ? 'k2' : 'k1', model: 'm' }
        await ledger.settle(settlementOf(id, 10n, { attributes }))
      }
      expect(await usage.sum({}, ['key'])).toEqual([
        { key: 'k1', asset: 'usd', requests: 2, tokens: { input: 20, output: 10 }, cost: '0.00000002' },
        { key: 'k2', asset: 'usd', requests: 1, tokens: { input: 10, output: 5 }, cost: '0.00000001' },
      ])
      expect(await usage.sum({ key: 'k2' }, [])).toEqual([
        { asset: 'usd', requests: 1, tokens: { input: 10, output: 5 }, cost: '0.00000001' },
      ])
    })

    it('says what an overrun could not be charged', async () => {
      const { ledger, usage } = store()
      await fund(ledger, 150n)
      await ledger.reserve(holdOf('r1'))
      await ledger.settle(settlementOf('r1', 400n))
      const { items } = await usage.query({}, { limit: 5 })
      expect(items).toMatchObject([{ requestId: 'r1', cost: '0.00000015', writtenOff: '0.00000025' }])
    })

    it('says that a settlement was late, and has one row of it', async () => {
      const { ledger, usage } = store()
      await fund(ledger, 100n)
      const end = Date.now() + 1000
      await ledger.reserve(holdOf('r1', { expiresAt: end }))
      await ledger.expire(end + 1, 500)
      await ledger.settle(settlementOf('r1', 120n))
      await ledger.settle(settlementOf('r1', 120n))
      const { items } = await usage.query({}, { limit: 5 })
      expect(items).toMatchObject([
        { requestId: 'r1', late: true, cost: '0.0000001', writtenOff: '0.00000002' },
      ])
    })

    it('has no row of a settlement that failed', async () => {
      const { ledger, usage } = store()
      await fund(ledger, 10n)
      await expect((async () => ledger.settle(settlementOf('ghost', 5n)))()).rejects.toMatchObject({
        data: { class: 'not_found' },
      })
      expect((await usage.query({}, { limit: 5 })).items).toEqual([])
    })
  })
}
