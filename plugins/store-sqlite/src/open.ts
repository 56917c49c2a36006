import { ConfigError } from '@gantry/core'
import { closeSync, existsSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { checkVersion, migrate, notReady } from './migrations.ts'

/** The first version without the WAL corruption bug of 3.51.2 and before. */
const oldestVersion: readonly number[] = [3, 51, 3]

/** Opens for reading only; takes no lock, so it works beside a gateway. Throws `ConfigError`. */
export function openReader(path: string, timeoutMs: number): DatabaseSync {
  checkSqliteVersion(process.versions.sqlite)
  return explain(path, () => {
    if (!existsSync(path)) throw notReady(path)
    const db = new DatabaseSync(path, { readOnly: true, readBigInts: true, timeout: timeoutMs })
    try {
      checkVersion(db, path)
    } catch (error) {
      db.close()
      throw error
    }
    return db
  })
}

/** A connection that may write, and the lock that says it is the only one. */
export interface Writer {
  readonly db: DatabaseSync
  close(): void
}

/** Opens for writing: creates folder (0700) and file (0600), takes the writer's lock, migrates. Throws `ConfigError`. */
export function openWriter(path: string, timeoutMs: number): Writer {
  checkSqliteVersion(process.versions.sqlite)
  return explain(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    createPrivate(path)
    // Under its own name, whichever link led here: two names are one file, and it has one writer.
    const lock = takeLock(realpathSync(path))
    let db: DatabaseSync | undefined
    try {
      db = new DatabaseSync(path, { readBigInts: true, timeout: timeoutMs })
      // FULL: an acknowledged payment survives a power cut, not only a crash.
      db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
      db.exec('pragma journal_size_limit = 67108864')
      migrate(db, path)
    } catch (error) {
      db?.close()
      lock.close()
      throw error
    }
    const opened = db
    return {
      db: opened,
      close() {
        opened.close()
        lock.close()
      },
    }
  })
}

/** Whether a file could not be read because it has no tables of this version yet. */
export function isNotReady(error: unknown): boolean {
  return ConfigError.is(error) && error.problems[0]?.code === 'STORE_NOT_READY'
}

/** Throws `ConfigError` for an SQLite that can corrupt its file. */
export function checkSqliteVersion(version: string | undefined): void {
  const parts = (version ?? '').split('.').map(Number)
  for (const [index, wanted] of oldestVersion.entries()) {
    const part = parts[index] ?? 0
    if (part > wanted) return
    if (part < wanted) {
      throw new ConfigError([
        {
          code: 'SQLITE_TOO_OLD',
          severity: 'error',
          path: 'store',
          message: `this Node has SQLite ${version ?? 'of an unknown version'}, which can corrupt its file; ${oldestVersion.join('.')} is the first without that bug.`,
          fix: 'Use Node 24.15 or newer, or 26.',
        },
      ])
    }
  }
}

/**
 * The lock is an exclusive transaction on a file of its own: the system releases it when the process dies, and it keeps
 * nobody from reading the database.
 */
function takeLock(path: string): DatabaseSync {
  const lockPath = `${path}-lock`
  createPrivate(lockPath)
  const lock = new DatabaseSync(lockPath, { timeout: 0 })
  try {
    lock.exec('pragma journal_mode = memory; begin exclusive')
    return lock
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    throw new ConfigError(
      [
        {
          code: 'STORE_LOCKED',
          severity: 'error',
          path: 'store',
          message: `the SQLite file ${path} is in use by another gateway.`,
          fix: 'Stop that one, or give this one a file of its own. Commands that only read work beside it.',
        },
      ],
      { cause: error },
    )
  }
}

/** Never opens a file that exists: closing it again would release the locks this process has on it. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
    // A link to a file that nobody has made yet.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode
  return code !== undefined && (code & 0xff) === 5
}

function explain<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (ConfigError.is(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(
      [
        {
          code: 'STORE_NOT_OPENED',
          severity: 'error',
          path: 'store',
          message: `the SQLite file ${path} cannot be opened: ${reason}.`,
          fix: 'Check the path, its permissions, and that it is a database of this gateway.',
        },
      ],
      { cause: error },
    )
  }
}
