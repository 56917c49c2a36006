import { GatewayError } from '@gantry/core'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { commit, type Connection, type Job } from './commit.ts'
import { isNotReady, openReader, openWriter, type Writer } from './open.ts'
import { createWallets, type Wallets } from './wallets.ts'

/** Operations of one commit, at most: what waits behind it waits for one fsync, not for a backlog. */
const batchSize = 500

/**
 * After a commit, so many times as long passes before the next: an fsync blocks the whole process, so commits get at
 * most a fifth of its time, and under load those who wait share one. At rest nothing waits.
 */
const restFactor = 4

/** However slow the disk is, a commit waits no longer for others to join it, in milliseconds. */
const longestRest = 5

/** What is read and written together; a read waits only for writes of its own area. */
export type Area = 'keys' | 'money' | 'kv'

/** Prepares each constant statement once. */
export type Sql = (text: string) => StatementSync

/** One file: writes in groups, at most one commit for each turn of the event loop. */
export interface Database {
  /** Opens for writing now, so that a locked or broken file stops the boot. Throws `ConfigError`. */
  open(): void
  /** Runs in the next commit; resolves once it is on disk. Work must not rely on anything but the database. */
  write<T>(area: Area, work: (sql: Sql) => T): Promise<T>
  /** The same for money that moves through wallets, which are read and written once for all that share a commit. */
  move<T>(work: (sql: Sql, wallets: Wallets) => T): Promise<T>
  /** Reads at once, or in order behind this process's own pending writes. */
  read<T>(area: Area, work: (sql: Sql) => T): T | Promise<T>
  /** Commits what is pending and releases file and lock. A later write opens again: money is never dropped. */
  close(): void
}

/**
 * Nothing is opened before the first use. Reads alone open the file for reading, without the writer's lock, so that a
 * command beside a running gateway works; the first write (or `open`) takes the lock.
 */
export function createDatabase(
  path: string,
  options: { readonly readonly: boolean; readonly timeoutMs: number },
): Database {
  let writer: (Connection & { readonly close: Writer['close'] }) | undefined
  let reader: Connection | undefined
  let queue: Job[] = []
  let scheduled = false
  let restUntil = 0
  const pending: { [area in Area]: number } = { keys: 0, money: 0, kv: 0 }

  const open = (): NonNullable<typeof writer> => {
    if (options.readonly) {
      throw new GatewayError({
        class: 'unsupported',
        message: `The SQLite file ${path} is open for reading only.`,
      })
    }
    if (!writer) {
      const opened = openWriter(path, options.timeoutMs)
      writer = { ...connect(opened.db), close: opened.close }
      reader?.db.close()
      reader = undefined
    }
    return writer
  }
  const readable = (): Connection => {
    const current = writer ?? reader
    if (current) return current
    try {
      return (reader = connect(openReader(path, options.timeoutMs)))
    } catch (error) {
      // Nobody has made this file yet, or not with these tables: whoever may write does it now.
      if (options.readonly || !isNotReady(error)) throw error
      return open()
    }
  }

  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    const wait = restUntil - performance.now()
    if (wait > 0) setTimeout(next, wait)
    else setImmediate(next)
  }
  const next = (): void => {
    scheduled = false
    if (queue.length > 0) flush()
    if (queue.length > 0) schedule()
  }
  const flush = (): void => {
    const batch = queue.slice(0, batchSize)
    queue = queue.slice(batchSize)
    for (const job of batch) pending[job.area]--
    const start = performance.now()
    commit(open(), batch)
    const end = performance.now()
    restUntil = end + Math.min((end - start) * restFactor, longestRest)
  }
  const enqueue = <T>(area: Area, work: (connection: Connection) => T): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      let result: T
      pending[area]++
      queue.push({
        area,
        run: (connection) => void (result = work(connection)),
        done: () => resolve(result),
        fail: (error) => reject(readableError(error)),
      })
      schedule()
    })

  return {
    open: () => void open(),
    async write(area, work) {
      open()
      return enqueue(area, plainly(work))
    },
    move(work) {
      try {
        open()
      } catch (error) {
        return Promise.reject(error)
      }
      return enqueue('money', ({ sql, wallets }) => work(sql, wallets))
    },
    read(area, work) {
      if (pending[area] > 0) return enqueue(area, plainly(work))
      try {
        return work(readable().sql)
      } catch (error) {
        throw readableError(error)
      }
    },
    close() {
      while (queue.length > 0) flush()
      writer?.close()
      reader?.db.close()
      writer = undefined
      reader = undefined
    },
  }
}

function connect(db: DatabaseSync): Connection {
  const statements = new Map<string, StatementSync>()
  const sql: Sql = (text) => {
    let statement = statements.get(text)
    if (!statement) {
      statement = db.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  return { db, sql, wallets: createWallets(sql) }
}

/** Work that may read or write any table, and has to find there what was moved before it. */
function plainly<T>(work: (sql: Sql) => T): (connection: Connection) => T {
  return ({ sql, wallets }) => {
    wallets.save()
    wallets.forget()
    return work(sql)
  }
}

/** A full disk or a busy file is the gateway's trouble, and passes: 503, not 500. Errors of ours stay as they are. */
function readableError(error: unknown): unknown {
  if ((error as { code?: string }).code !== 'ERR_SQLITE_ERROR') return error
  return new GatewayError(
    {
      class: 'overloaded',
      code: 'store_unavailable',
      message: 'The gateway cannot reach its store right now.',
    },
    { cause: error },
  )
}
