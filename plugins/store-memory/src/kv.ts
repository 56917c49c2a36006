import type { KvStore } from '@gantry/core'
import type { State } from './state.ts'

/** Bytes of values that are kept; beyond it the values written first go. */
export const bytesKept: number = 256 * 1024 * 1024

/** Values of one account with a lifetime, in memory. */
export function createKv<N extends string>(name: N, state: State, kept: number = bytesKept): KvStore<N> {
  const drop = (id: string): void => {
    const row = state.kv.get(id)
    if (!row) return
    state.kv.delete(id)
    state.kvBytes -= sizeOf(id, row.value)
  }
  const live = (id: string): Uint8Array | undefined => {
    const row = state.kv.get(id)
    if (!row) return undefined
    if (row.expiresAt > Date.now()) return row.value
    drop(id)
    return undefined
  }
  return {
    name,
    get(account, key) {
      return live(idOf(account, key))?.slice()
    },
    async put(account, key, value, { ttlMs, expect }) {
      const id = idOf(account, key)
      if (expect === 'absent' && live(id)) return false
      drop(id)
      // Copied both ways, as a database would.
      state.kv.set(id, { value: value.slice(), expiresAt: Date.now() + ttlMs })
      state.kvBytes += sizeOf(id, value)
      for (const oldest of state.kv.keys()) {
        if (state.kvBytes <= kept) break
        drop(oldest)
      }
      return true
    },
    async delete(account, key) {
      drop(idOf(account, key))
    },
  }
}

function idOf(account: string, key: string): string {
  return JSON.stringify([account, key])
}

/** With something for the row itself, so that a million empty values count too. */
function sizeOf(id: string, value: Uint8Array): number {
  return value.byteLength + id.length * 2 + 128
}
