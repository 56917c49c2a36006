/** A bounded map whose entries die after a time; the least recently used go first. */
export interface Cache<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  /** Removes the entries a test is true for. */
  deleteWhere(test: (value: V) => boolean): void
  readonly size: number
}

/** Makes a cache of at most `limit` entries of at most `ttlMs` milliseconds; 0 keeps nothing. */
export function createCache<V>(limit: number, ttlMs: number): Cache<V> {
  // A Map keeps insertion order, so its first entry is the least recently used one.
  const entries = new Map<string, { readonly value: V; readonly until: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      entries.delete(key)
      if (entry.until <= Date.now()) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value) {
      if (ttlMs <= 0) return
      entries.delete(key)
      entries.set(key, { value, until: Date.now() + ttlMs })
      if (entries.size <= limit) return
      const oldest = entries.keys().next()
      if (!oldest.done) entries.delete(oldest.value)
    },
    delete(key) {
      entries.delete(key)
    },
    deleteWhere(test) {
      for (const [key, entry] of entries) if (test(entry.value)) entries.delete(key)
    },
    get size() {
      return entries.size
    },
  }
}
