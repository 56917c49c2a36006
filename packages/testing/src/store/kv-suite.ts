import { expect } from 'vitest'
import type { Registrar } from '../suite/check.ts'
import type { StoreSubject } from './subject.ts'

/** What any value store has to do. */
export function kvSuite({ describe, it }: Registrar, store: () => StoreSubject): void {
  describe('kv', () => {
    const minute = { ttlMs: 60_000 }

    it('keeps bytes exactly, right after they were put', async () => {
      const { kv } = store()
      const value = Uint8Array.from({ length: 256 }, (_, index) => index)
      const written = kv.put('ann', 'pin', value, minute)
      const copy = value.slice()
      value.fill(0)
      expect(await kv.get('ann', 'pin')).toEqual(copy)
      expect(await written).toBe(true)
      await kv.put('ann', 'pin', new Uint8Array(0), minute)
      expect(await kv.get('ann', 'pin')).toEqual(new Uint8Array(0))
    })

    it('never shows one account the value of another', async () => {
      const { kv } = store()
      await kv.put('ann', 'pin', bytes(1), minute)
      expect(await kv.get('bob', 'pin')).toBeUndefined()
      await kv.delete('bob', 'pin')
      expect(await kv.get('ann', 'pin')).toEqual(bytes(1))
      await kv.delete('ann', 'pin')
      expect(await kv.get('ann', 'pin')).toBeUndefined()
    })

    it('writes only when absent, if asked, and one of many at once wins', async () => {
      const { kv } = store()
      const absent = { ...minute, expect: 'absent' } as const
      const wins = await Promise.all([1, 2, 3].map((value) => kv.put('ann', 'once', bytes(value), absent)))
      expect(wins).toEqual([true, false, false])
      expect(await kv.get('ann', 'once')).toEqual(bytes(1))
    })

    it('forgets a value when its time is over', async () => {
      const { kv } = store()
      await kv.put('ann', 'short', bytes(1), { ttlMs: 20 })
      expect(await kv.get('ann', 'short')).toEqual(bytes(1))
      await new Promise((resolve) => setTimeout(resolve, 40))
      expect(await kv.get('ann', 'short')).toBeUndefined()
      expect(await kv.put('ann', 'short', bytes(2), { ...minute, expect: 'absent' })).toBe(true)
    })
  })
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}
