import { definePlugin, type Plugin, type Secret } from '@gantry/core'
import { resolve } from 'node:path'
import * as z from 'zod'
import { createDatabase } from './database.ts'
import { createKeys } from './keys.ts'
import { createKv } from './kv.ts'
import { createLedger } from './ledger.ts'
import { createUsage } from './usage.ts'

const kStoreFile: symbol = Symbol.for('gantry.store-file')

/** The slots a SQLite store fills. */
export interface SqliteSlots {
  keys: 'sqlite'
  ledger: 'sqlite'
  usage: 'sqlite'
  kv: 'sqlite'
}

/** Options beside the path. */
export interface SqliteOptions {
  /** Never write and never take the writer's lock. Default false. */
  readonly readonly?: boolean
  /** How long to wait for a busy file, in milliseconds; waiting blocks the process. Default 2000. */
  readonly timeoutMs?: number
}

const schema = z.strictObject({
  path: z
    .string({ error: 'must be the path of a file, like "./data/gateway.db".' })
    .min(1, { error: 'must be the path of a file, like "./data/gateway.db".' })
    .refine((path) => path !== ':memory:' && !path.startsWith('file:'), {
      error: 'must be the path of a file. For a store in memory there is @gantry/store-memory.',
    }),
  readonly: z.boolean().default(false),
  timeoutMs: z.int().min(0).max(60_000).default(2000),
})

const create = definePlugin<z.input<typeof schema> | { path: Secret }, z.output<typeof schema>, SqliteSlots>({
  name: 'store-sqlite',
  schema,
  create: (options) => {
    const path = resolve(options.path)
    const database = createDatabase(path, options)
    const name = 'sqlite'
    return Object.defineProperty(
      {
        name: 'store-sqlite',
        // One writer a file: the next generation takes this one over.
        keep: true,
        // A gateway is the writer from its boot on; commands that never call `setup` read without the lock.
        setup: () => (options.readonly ? undefined : database.open()),
        close: () => database.close(),
        provides: {
          keys: [createKeys(name, database)],
          ledger: [createLedger(name, database)],
          usage: [createUsage(name, database)],
          kv: [createKv(name, database)],
        },
      },
      kStoreFile,
      { value: path },
    )
  },
})

/**
 * Keys, ledger, usage and kv in one SQLite file, relative to the working directory. The file is opened at first use;
 * one process writes, any number may read. Wrong options and a locked or broken file are `ConfigError`s at boot.
 */
export function sqlite(path: Secret, options: SqliteOptions = {}): Plugin<SqliteSlots> {
  return create({ path, ...options })
}

/** The absolute path of a SQLite store's file; undefined for any other plugin. */
export function storeFileOf(plugin: object): string | undefined {
  return (plugin as { [kStoreFile]?: string })[kStoreFile]
}
