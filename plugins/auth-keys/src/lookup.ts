import type { KeyRecord, KeyStore } from '@gantry/core'
import { createCache } from './cache.ts'
import type { ResolvedOptions } from './options.ts'

const cacheLimit = 10_000

/** Finds keys by their whole hash: the config's first, then what is remembered, then the store. */
export interface Lookup {
  open(store: KeyStore | undefined): void
  close(): void
  store(): KeyStore | undefined
  /** Synchronous where no store has to be asked. */
  find(hashes: readonly string[]): KeyRecord | undefined | Promise<KeyRecord | undefined>
  /** Drops what is remembered of a key, and of look-ups that are under way. */
  forget(id: string): void
  /** Ids of the keys written in the config. */
  readonly configured: ReadonlySet<string>
}

/** Makes the look-up of one plugin. */
export function createLookup(options: Pick<ResolvedOptions, 'keys' | 'cacheTtlMs'>): Lookup {
  const fromConfig = new Map<string, KeyRecord>()
  for (const { hash, disabled = false, ...rest } of options.keys) {
    fromConfig.set(hash, { ...rest, id: configuredId(hash), disabled })
  }
  const known = createCache<KeyRecord>(cacheLimit, options.cacheTtlMs)
  // Unknown hashes have a cache of their own, so that guessing cannot push known keys out.
  const unknown = createCache<true>(cacheLimit, options.cacheTtlMs)
  let keyStore: KeyStore | undefined
  let version = 0

  const ask = async (store: KeyStore, hashes: readonly string[]): Promise<KeyRecord | undefined> => {
    const asked = version
    for (const hash of hashes) {
      const record = await store.find(hash)
      if (!record) continue
      // A key revoked while we asked must not come back into the cache.
      if (asked === version) known.set(hashes[0] ?? hash, record)
      return record
    }
    if (asked === version && hashes[0] !== undefined) unknown.set(hashes[0], true)
    return undefined
  }

  return {
    open(store) {
      keyStore = store
    },
    close() {
      known.deleteWhere(() => true)
      unknown.deleteWhere(() => true)
    },
    store: () => keyStore,
    find(hashes) {
      for (const hash of hashes) {
        const record = fromConfig.get(hash)
        if (record) return record
      }
      const [first] = hashes
      if (first === undefined || !keyStore) return undefined
      const cached = known.get(first)
      if (cached || unknown.get(first)) return cached
      return ask(keyStore, hashes)
    },
    forget(id) {
      version++
      known.deleteWhere((record) => record.id === id)
    },
    configured: new Set([...fromConfig.values()].map((record) => record.id)),
  }
}

/** Id of a key that is written in the config. */
export function configuredId(hash: string): string {
  return `config:${hash.slice(9, 21)}`
}
