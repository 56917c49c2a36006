import type { DatabaseSync } from 'node:sqlite'
import type { Area, Sql } from './database.ts'

/** One operation that waits for its commit. */
export interface Job {
  readonly area: Area
  run(sql: Sql): void
  done(): void
  fail(error: unknown): void
}

/** A connection with its statements. */
export interface Connection {
  readonly db: DatabaseSync
  readonly sql: Sql
}

/** One commit for all. When one of them fails, the others still share one; when the commit does, each is tried alone. */
export function commit(connection: Connection, batch: readonly Job[]): void {
  const { sql } = connection
  try {
    sql('begin immediate').run()
  } catch (error) {
    for (const job of batch) job.fail(error)
    return
  }
  let ran = 0
  try {
    for (const job of batch) {
      job.run(sql)
      ran++
    }
    sql('commit').run()
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
  const { db, sql } = connection
  const failed = new Map<Job, unknown>()
  try {
    sql('begin immediate').run()
    for (const job of batch) {
      sql('savepoint job').run()
      try {
        job.run(sql)
      } catch (error) {
        // A full disk ends the whole transaction.
        if (!db.isTransaction) throw error
        failed.set(job, error)
        sql('rollback to job').run()
      }
      sql('release job').run()
    }
    sql('commit').run()
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
function undo({ db, sql }: Connection): void {
  try {
    if (db.isTransaction) sql('rollback').run()
  } catch {
    // The next `begin` fails then, and says why.
  }
}
