import type { AnyPlugin, CounterStore } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { failingChecks } from '../suite/check.ts'
import { storeChecks, testStore } from './test-store.ts'

const capabilities = ['counters'] as const

testStore('of counters alone', () => counters(), { capabilities })

describe('a broken counter store fails the suite', () => {
  it.each<[string, (sound: CounterStore) => Partial<CounterStore>, string]>([
    [
      'admits one too many',
      (sound) => ({ take: (key, cost, limit) => sound.take(key, cost, { ...limit, per: limit.per + 1 }) }),
      'admit what the limit allows, and say what is left',
    ],
    [
      'reads, waits, then writes',
      (sound) => ({
        async take(key, cost, limit) {
          const before = await sound.take(key, 0, limit)
          await Promise.resolve()
          await sound.take(key, cost, limit)
          return { ...before, ok: before.remaining >= cost, remaining: Math.max(0, before.remaining - cost) }
        },
      }),
      'admit no more at once than one after another',
    ],
    [
      'charges what it refuses',
      (sound) => ({
        async take(key, cost, limit) {
          const taken = await sound.take(key, cost, limit)
          if (!taken.ok) await sound.take(key, 1, limit)
          return taken
        },
      }),
      'count a refused cost as nothing',
    ],
    [
      'folds keys',
      (sound) => ({ take: (key, cost, limit) => sound.take(key.toLowerCase(), cost, limit) }),
      'are kept apart by key',
    ],
    [
      'never opens a window again',
      (sound) => ({ take: (key, cost, { per }) => sound.take(key, cost, { per, windowMs: 1e9 }) }),
      'open again when their time is over',
    ],
    [
      'hands out one lease twice',
      (sound) => ({ acquire: async (...given) => (await sound.acquire(...given)) && 'lease' }),
      'are given up to the limit, each its own, and no more at once',
    ],
    ['never releases', () => ({ release: async () => {} }), 'make room when they are released, once each'],
    [
      'keeps the leases of the dead',
      (sound) => ({ acquire: (key, limit) => sound.acquire(key, limit, 1e9) }),
      'end by themselves when their holder is gone',
    ],
    [
      'releases whatever it has',
      (sound) => ({
        async release(key) {
          for (let lease = 1; lease < 9; lease++) await sound.release(key, `lease-${lease}`)
        },
      }),
      'are not freed by a lease of another key, or one that nobody has',
    ],
  ])('one that %s', async (_, change, expected) => {
    expect(await failingChecks(storeChecks(() => counters(change), { capabilities }))).toContain(expected)
  })

  it('one that lacks what it is tested for, and one that has more', async () => {
    const failing = (given: readonly ('counters' | 'keys')[]): Promise<readonly string[]> =>
      failingChecks(storeChecks(() => counters(), { capabilities: given }))
    expect(await failing(['counters', 'keys'])).toContain('provides what it is tested for, and nothing else')
    expect(await failing([])).toEqual(['provides what it is tested for, and nothing else'])
  })
})

/** A sound counter store with one thing changed. */
function counters(change: (sound: CounterStore) => Partial<CounterStore> = () => ({})): AnyPlugin {
  const windows = new Map<string, { used: number; until: number }>()
  const leases = new Map<string, Map<string, number>>()
  let next = 0
  const sound: CounterStore = {
    name: 'toy',
    async take(key, cost, { per, windowMs }) {
      const now = Date.now()
      let window = windows.get(key)
      if (!window || window.until <= now) windows.set(key, (window = { used: 0, until: now + windowMs }))
      const ok = window.used + cost <= per
      if (ok) window.used += cost
      return { ok, remaining: Math.max(0, per - window.used), resetMs: window.until - now }
    },
    async acquire(key, limit, ttlMs) {
      const now = Date.now()
      const held = leases.get(key) ?? new Map<string, number>()
      leases.set(key, held)
      for (const [lease, until] of held) if (until <= now) held.delete(lease)
      if (held.size >= limit) return undefined
      const lease = `lease-${++next}`
      held.set(lease, now + ttlMs)
      return lease
    },
    async release(key, lease) {
      leases.get(key)?.delete(lease)
    },
  }
  return { name: 'store-toy', provides: { counters: [{ ...sound, ...change(sound) }] } }
}
