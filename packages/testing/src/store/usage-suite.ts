import { describe, expect, it } from 'vitest'
import { fund, holdOf, settlementOf, type StoreSubject } from './subject.ts'

/** What any usage store has to do. */
export function usageSuite(store: () => StoreSubject): void {
  describe('usage', () => {
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

    it('shows newest first, filtered, page by page', async () => {
      const { usage } = store()
      for (let index = 1; index <= 5; index++) {
        const account = index === 3 ? 'bob' : 'ann'
        await usage.write({ requestId: `r${index}`, at: index * 1000, account, model: `m${index % 2}` })
      }
      const first = await usage.query({ account: 'ann' }, { limit: 3 })
      expect(first.items.map((row) => row['requestId'])).toEqual(['r5', 'r4', 'r2'])
      const rest = await usage.query(
        { account: 'ann' },
        { limit: 3, ...(first.next && { after: first.next }) },
      )
      expect(rest.items.map((row) => row['requestId'])).toEqual(['r1'])
      expect(rest.next).toBeUndefined()
      const odd = await usage.query({ model: 'm1', from: 2000, to: 5000 }, { limit: 3 })
      expect(odd.items.map((row) => row['requestId'])).toEqual(['r3'])
    })

    it('writes a row once for each request', async () => {
      const { usage } = store()
      await Promise.all([
        usage.write({ requestId: 'r1', at: 1, model: 'first' }),
        usage.write({ requestId: 'r1', at: 2, model: 'second' }),
      ])
      expect((await usage.query({}, { limit: 10 })).items).toEqual([
        { requestId: 'r1', at: 1, model: 'first' },
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
      await usage.write({ requestId: 'x', at: Date.UTC(2020, 1, 29, 23, 59), account: 'ann' })
      expect(await usage.sum({ to: Date.UTC(2021) }, ['day'])).toEqual([
        { day: '2020-02-29', asset: null, requests: 1, tokens: {}, cost: '0' },
      ])
      expect(await usage.sum({ account: 'nobody' }, ['model'])).toEqual([])
    })

    it.each([
      ['an unknown field', { secret: 'x' }, []],
      ['a wrong type', { account: 5 }, []],
      ['a time that is text', { from: 'monday' }, []],
      ['SQL in a group', {}, ['model; drop table usage']],
    ])('refuses %s', async (_, filter, by) => {
      const { usage } = store()
      await expect((async () => usage.sum(filter, by))()).rejects.toMatchObject({
        data: { class: 'invalid_request' },
      })
    })

    it('treats values as values', async () => {
      const { usage } = store()
      await usage.write({ requestId: 'r1', at: 1, account: "x' or 1=1 --" })
      expect((await usage.query({ account: '%' }, { limit: 5 })).items).toEqual([])
      expect((await usage.query({ account: "x' or 1=1 --" }, { limit: 5 })).items).toHaveLength(1)
    })
  })
}
