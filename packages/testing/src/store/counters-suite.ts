import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import type { StoreSubject } from './subject.ts'

/** What any counter store has to do: rate windows and concurrency leases. */
export function countersSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  const minute = { per: 3, windowMs: 60_000 }

  describe('rate windows', () => {
    it('admit what the limit allows, and say what is left', async () => {
      const { counters } = store()
      const taken = []
      for (let index = 0; index < 4; index++) taken.push(await counters.take('k', 1, minute))
      expect(taken.map(({ ok, remaining }) => [ok, remaining])).toEqual([
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
      ])
      for (const { resetMs } of taken) {
        expect(resetMs).toBeGreaterThan(0)
        expect(resetMs).toBeLessThanOrEqual(minute.windowMs)
      }
    })

    it('count a refused cost as nothing', async () => {
      const { counters } = store()
      expect(await counters.take('k', 2, minute)).toMatchObject({ ok: true, remaining: 1 })
      expect(await counters.take('k', 2, minute)).toMatchObject({ ok: false, remaining: 1 })
      expect(await counters.take('k', 1, minute)).toMatchObject({ ok: true, remaining: 0 })
    })

    it('never admit a cost above the whole limit', async () => {
      const { counters } = store()
      expect(await counters.take('k', 4, minute)).toMatchObject({ ok: false, remaining: 3 })
      expect(await counters.take('k', 3, minute)).toMatchObject({ ok: true, remaining: 0 })
    })

    it('admit no more at once than one after another', async () => {
      const { counters } = store()
      const taken = await Promise.all(Array.from({ length: 10 }, () => counters.take('k', 1, minute)))
      expect(taken.filter(({ ok }) => ok)).toHaveLength(3)
    })

    it('are kept apart by key', async () => {
      const { counters } = store()
      await counters.take('a', 3, minute)
      expect(await counters.take('b', 1, minute)).toMatchObject({ ok: true, remaining: 2 })
      expect(await counters.take('A', 1, minute)).toMatchObject({ ok: true, remaining: 2 })
    })

    it('open again when their time is over', async () => {
      const { counters } = store()
      const short = { per: 1, windowMs: 40 }
      expect(await counters.take('k', 1, short)).toMatchObject({ ok: true })
      const refused = await counters.take('k', 1, short)
      expect(refused).toMatchObject({ ok: false })
      expect(refused.resetMs).toBeLessThanOrEqual(short.windowMs)
      await sleep(refused.resetMs + 20)
      expect(await counters.take('k', 1, short)).toMatchObject({ ok: true })
    })
  })

  describe('leases', () => {
    it('are given up to the limit, each its own, and no more at once', async () => {
      const { counters } = store()
      const leases = await Promise.all([1, 2, 3].map(() => counters.acquire('k', 2, 60_000)))
      const given = leases.filter((lease) => lease !== undefined)
      expect(given).toHaveLength(2)
      expect(new Set(given).size).toBe(2)
      expect(await counters.acquire('other', 2, 60_000)).toEqual(expect.any(String))
    })

    it('make room when they are released, once each', async () => {
      const { counters } = store()
      const first = await counters.acquire('k', 1, 60_000)
      if (first === undefined) throw new Error('the first lease was refused')
      await counters.release('k', first)
      await counters.release('k', first)
      expect(await counters.acquire('k', 1, 60_000)).toEqual(expect.any(String))
      expect(await counters.acquire('k', 1, 60_000)).toBeUndefined()
    })

    it('are not freed by a lease of another key, or one that nobody has', async () => {
      const { counters } = store()
      await counters.acquire('k', 1, 60_000)
      const other = await counters.acquire('other', 1, 60_000)
      await counters.release('k', other ?? '')
      await counters.release('k', 'nothing')
      expect(await counters.acquire('k', 1, 60_000)).toBeUndefined()
    })

    it('end by themselves when their holder is gone', async () => {
      const { counters } = store()
      await counters.acquire('k', 1, 30)
      expect(await counters.acquire('k', 1, 30)).toBeUndefined()
      await sleep(60)
      expect(await counters.acquire('k', 1, 60_000)).toEqual(expect.any(String))
    })
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
