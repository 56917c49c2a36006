import { hash } from 'node:crypto'
import type { Countable } from './messages.ts'

/** Counts of texts that were counted before, the longest unused leave first. */
export interface CountCache {
  get(piece: Countable): number | undefined
  set(piece: Countable, count: number): void
  /** Entries now. */
  readonly size: number
}

/** What an entry takes: the digest, the number, and its share of the map. */
export const bytesPerEntry = 160

/** Below this, counting costs no more than the digest. */
const shortest = 256

/** Remembers counts by a digest of the text, in at most so many bytes; texts are not kept. */
export function createCountCache(bytes: number): CountCache {
  const counts = new Map<string, number>()
  const most = Math.floor(bytes / bytesPerEntry)
  // A digest that is looked up is asked for again at once, to be stored.
  let last: { readonly piece: Countable; readonly key: string } | undefined
  const keyOf = (piece: Countable): string => {
    if (last?.piece !== piece) last = { piece, key: piece.kind + hash('sha256', piece.text, 'base64') }
    return last.key
  }
  return {
    get(piece) {
      if (most === 0 || piece.text.length < shortest) return undefined
      const key = keyOf(piece)
      const count = counts.get(key)
      if (count === undefined) return undefined
      counts.delete(key)
      counts.set(key, count)
      return count
    },
    set(piece, count) {
      if (most === 0 || piece.text.length < shortest) return
      const key = keyOf(piece)
      last = undefined
      counts.delete(key)
      counts.set(key, count)
      if (counts.size > most) counts.delete(counts.keys().next().value!)
    },
    get size() {
      return counts.size
    },
  }
}
