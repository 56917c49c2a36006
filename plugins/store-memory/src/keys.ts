import type { KeyStore } from '@gantry/core'
import { duplicateKey, pageLimit } from '@gantry/ledger'
import { pageOfIds, type State } from './state.ts'

/** Keys in memory, found by hash. */
export function createKeys<N extends string>(name: N, state: State): KeyStore<N> {
  return {
    name,
    find(hash) {
      const id = state.hashes.get(hash)
      return id === undefined ? undefined : state.keys.get(id)?.record
    },
    async create(record, hash) {
      if (state.keys.has(record.id) || state.hashes.has(hash)) throw duplicateKey(record.id)
      state.keys.set(record.id, { record: structuredClone(record), hash })
      state.hashes.set(hash, record.id)
    },
    async revoke(id) {
      const key = state.keys.get(id)
      if (!key) return false
      state.keys.set(id, { ...key, record: { ...key.record, disabled: true } })
      return true
    },
    list({ after, limit }) {
      const { ids, next } = pageOfIds(state.keys.keys(), after, pageLimit(limit))
      const items = ids.map((id) => state.keys.get(id)?.record).filter((record) => record !== undefined)
      return { items, ...(next !== undefined && { next }) }
    },
  }
}
