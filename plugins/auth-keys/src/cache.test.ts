import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createCache } from './cache.ts'

describe('cache', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('forgets after its time, to the millisecond, however often it was read', () => {
    const cache = createCache<number>(10, 100)
    cache.set('a', 1)
    vi.setSystemTime(Date.now() + 99)
    expect(cache.get('a')).toBe(1)
    vi.setSystemTime(Date.now() + 1)
    expect(cache.get('a')).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  it('never holds more than its limit, and drops the least recently used', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { maxLength: 60 }),
        (steps) => {
          const cache = createCache<number>(4, 1000)
          let recent: number[] = []
          for (const [write, number] of steps) {
            const held = recent.includes(number)
            if (write) cache.set(String(number), number)
            expect(cache.get(String(number))).toBe(write || held ? number : undefined)
            if (write || held) recent = [...recent.filter((one) => one !== number), number].slice(-4)
            expect(cache.size).toBe(recent.length)
          }
        },
      ),
    )
  })

  it('keeps nothing with a time of 0', () => {
    const cache = createCache<number>(4, 0)
    cache.set('a', 1)
    expect(cache.get('a')).toBeUndefined()
    expect(cache.size).toBe(0)
  })
})
