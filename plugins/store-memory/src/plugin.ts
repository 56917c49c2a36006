import { definePlugin, type PluginFactory } from '@gantry/core'
import { createKeys } from './keys.ts'
import { createKv } from './kv.ts'
import { createLedger } from './ledger.ts'
import { createState } from './state.ts'
import { createUsage } from './usage.ts'

/** The slots a memory store fills. */
export interface MemorySlots {
  keys: 'memory'
  ledger: 'memory'
  usage: 'memory'
  kv: 'memory'
}

/**
 * Keys, ledger, usage and kv in this process: for tests, trials and the playground. Everything is gone when it ends.
 * Means exactly what the SQLite store means; both pass the same suite.
 */
export const memory: PluginFactory<void, MemorySlots> = definePlugin<void, void, MemorySlots>({
  name: 'store-memory',
  create: () => {
    const state = createState()
    const name = 'memory'
    return {
      name: 'store-memory',
      // Keys and balances survive an edit of the config.
      keep: true,
      provides: {
        keys: [createKeys(name, state)],
        ledger: [createLedger(name, state)],
        usage: [createUsage(name, state)],
        kv: [createKv(name, state)],
      },
    }
  },
})
