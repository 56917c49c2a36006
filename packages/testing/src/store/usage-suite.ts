import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import type { StoreSubject } from './subject.ts'

/** What any usage store has to do, with or without a ledger beside it. */
export function usageSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  describe('usage', () => {
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

    it('sums requests and tokens by what is asked, days in UTC', async () => {
      const { usage } = store()
      const tokens = { input: 10, output: 5 }
      await usage.write({ requestId: 'x', at: Date.UTC(2020, 1, 29, 23, 59), account: 'ann', tokens })
      await usage.write({ requestId: 'y', at: Date.UTC(2020, 2, 1), account: 'ann', tokens })
      expect(await usage.sum({ to: Date.UTC(2021) }, ['day'])).toEqual([
        { day: '2020-02-29', asset: null, requests: 1, tokens, cost: '0' },
        { day: '2020-03-01', asset: null, requests: 1, tokens, cost: '0' },
      ])
      expect(await usage.sum({ account: 'ann' }, [])).toMatchObject([
        { requests: 2, tokens: { input: 20, output: 10 } },
      ])
      expect(await usage.sum({ account: 'nobody' }, ['model'])).toEqual([])
    })

    for (const [what, filter, by] of [
      ['an unknown field', { secret: 'x' }, []],
      ['a wrong type', { account: 5 }, []],
      ['a time that is text', { from: 'monday' }, []],
      ['SQL in a group', {}, ['model; drop table usage']],
    ] as const) {
      it(`refuses ${what}`, async () => {
        const { usage } = store()
        await expect((async () => usage.sum(filter, by))()).rejects.toMatchObject({
          data: { class: 'invalid_request' },
        })
      })
    }

    it('treats values as values', async () => {
      const { usage } = store()
      await usage.write({ requestId: 'r1', at: 1, account: "x' or 1=1 --" })
      expect((await usage.query({ account: '%' }, { limit: 5 })).items).toEqual([])
      expect((await usage.query({ account: "x' or 1=1 --" }, { limit: 5 })).items).toHaveLength(1)
    })
  })
}
