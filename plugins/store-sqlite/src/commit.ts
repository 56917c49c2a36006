import type { DatabaseSync } from 'node:sqlite'
import type { Area, Sql } from './database.ts'
import type { Wallets } from './wallets.ts'

/** One operation that waits for its commit. */
export interface Job {
  readonly area: Area
  run(connection: Connection): void
  done(): void
  fail(error: unknown): void
}

/** A connection with its statements, and the wallets of the transaction that runs. */
export interface Connection {
  readonly db: DatabaseSync
  readonly sql: Sql
  readonly wallets: Wallets
}

/** One commit for all. When one of them fails, the others still share one; when the commit does, each is tried alone. */
export function commit(connection: Connection, batch: readonly Job[]): void {
  const { sql, wallets } = connection
  try {
    sql('begin immediate').run()
  } catch (error) {
    for (const job of batch) job.fail(error)
    return
  }
  let ran = 0
  try {
    for (const job of batch) {
      job.run(connection)
      ran++
    }
    wallets.save()
    sql('commit').run()
    wallets.forget()
  } catch (error) {
    undo(connection)
    if (batch.length === 1) batch[0]?.fail(error)
    else if (ran < batch.length) commitApart(connection, batch)
    else commitAlone(connection, batch)
    return
  }
  for (const job of batch) job.done()
}

/** One commit still, but each operation can be undone by itself: slower, and no fsync for each that fails. */
function commitApart(connection: Connection, batch: readonly Job[]): void {
  const { db, sql, wallets } = connection
  const failed = new Map<Job, unknown>()
  try {
    sql('begin immediate').run()
    for (const job of batch) {
      sql('savepoint job').run()
      try {
        job.run(connection)
        wallets.save()
      } catch (error) {
        // A full disk ends the whole transaction.
        if (!db.isTransaction) throw error
        wallets.forget()
        failed.set(job, error)
        sql('rollback to job').run()
      }
      sql('release job').run()
    }
    sql('commit').run()
    wallets.forget()
  } catch {
    undo(connection)
    commitAlone(connection, batch)
    return
  }
  for (const job of batch) {
    if (failed.has(job)) job.fail(failed.get(job))
    else job.done()
  }
}

function commitAlone(connection: Connection, batch: readonly Job[]): void {
  for (const job of batch) commit(connection, [job])
}

/** Never throws: who waits for an operation has to hear of its failure, not of this one. */
function undo({ db, sql, wallets }: Connection): void {
  wallets.forget()
  try {
    if (db.isTransaction) sql('rollback').run()
  } catch {
    // The next `begin` fails then, and says why.
  }
}
