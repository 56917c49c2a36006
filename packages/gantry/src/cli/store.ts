import { existsSync } from 'node:fs'
import type { ResolvedConfig } from '@gantry/core'
import { storeFileOf } from '@gantry/store-sqlite'
import { UserError } from '../user-error.ts'

/** The database file of a config's store, where it has one: the control socket lies beside it. */
export function storeFile(config: ResolvedConfig): string | undefined {
  for (const store of storesOf(config)) {
    const path = storeFileOf(store)
    if (path !== undefined) return path
  }
  return undefined
}

/** Throws `UserError` where no gateway runs and there is no store that a command could open itself. */
export function requireStore(config: ResolvedConfig, mode: 'read' | 'write'): void {
  const stores = storesOf(config)
  if (stores.length > 0 && stores.every((store) => store.name === 'store-memory')) {
    throw new UserError({
      message:
        'No gateway of this config is running, and its store is in memory: there is nothing to work on.',
      fix: "Start it first with gantry start, or use a store that lasts, for instance sqlite('./data/gateway.db').",
    })
  }
  const file = storeFile(config)
  if (mode === 'read' && file !== undefined && !existsSync(file)) {
    throw new UserError({
      message: `There is no database yet at ${file}.`,
      fix: 'gantry start, gantry accounts create and gantry keys create make it.',
    })
  }
}

function storesOf({ store }: ResolvedConfig): readonly { readonly name: string }[] {
  if (typeof store !== 'object' || store === null) return []
  return [store, ...Object.values(store)].filter(isNamed)
}

function isNamed(value: unknown): value is { readonly name: string } {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}
