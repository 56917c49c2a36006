import { expect, it } from 'vitest'
import { bytesPerEntry, createCountCache } from './count-cache.ts'
import type { Countable } from './messages.ts'

const piece = (name: string, kind: Countable['kind'] = 'text'): Countable => ({
  kind,
  text: name.padEnd(300, '.'),
})

it('remembers counts by text and kind', () => {
  const cache = createCountCache(100 * bytesPerEntry)
  expect(cache.get(piece('a'))).toBeUndefined()
  cache.set(piece('a'), 7)
  cache.set(piece('a', 'pdf'), 2)
  expect(cache.get(piece('a'))).toBe(7)
  expect(cache.get(piece('a', 'pdf'))).toBe(2)
  expect(cache.get(piece('b'))).toBeUndefined()
})

it('stays within its bytes, and forgets first what was unused for longest', () => {
  const cache = createCountCache(3 * bytesPerEntry)
  for (const name of ['a', 'b', 'c']) cache.set(piece(name), 1)
  cache.get(piece('a'))
  cache.set(piece('d'), 1)
  expect(cache.size).toBe(3)
  expect(['a', 'b', 'c', 'd'].filter((name) => cache.get(piece(name)) === 1)).toEqual(['a', 'c', 'd'])
  for (let at = 0; at < 1000; at++) cache.set(piece(`more ${at}`), at)
  expect(cache.size).toBe(3)
})

it('keeps nothing without room, and nothing that is counted as fast as it is looked up', () => {
  const none = createCountCache(0)
  none.set(piece('a'), 7)
  expect(none.size).toBe(0)
  const cache = createCountCache(1000 * bytesPerEntry)
  cache.set({ kind: 'text', text: 'short' }, 1)
  expect(cache.size).toBe(0)
})
