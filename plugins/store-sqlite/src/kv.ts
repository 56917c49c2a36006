import type { KvStore } from '@gantry/core'
import type { Database, Sql } from './database.ts'

/** Every so many writes, so many expired values are deleted: the table stays bounded without a job of its own. */
const purgeEvery = 64
const purgeLimit = 256

/** Values of one account with a lifetime, in SQLite. */
export function createKv<N extends string>(name: N, database: Database): KvStore<N> {
  let writes = 0
  return {
    name,
    get: (account, key) =>
      database.read('kv', (sql) => {
        const row = sql('select value from kv where account = ? and key = ? and expires_at > ?').get(
          account,
          key,
          Date.now(),
        )
        const value = row?.['value']
        return value instanceof Uint8Array ? value : undefined
      }),
    put(account, key, value, { ttlMs, expect }) {
      const bytes = value.slice()
      return database.write('kv', (sql) => {
        const now = Date.now()
        if (++writes % purgeEvery === 0) purge(sql, now)
        const expiresAt = Math.min(now + ttlMs, Number.MAX_SAFE_INTEGER)
        // The condition replaces an expired value and leaves a live one alone.
        const upTo = expect === 'absent' ? now : Number.MAX_SAFE_INTEGER
        const { changes } = sql(
          `insert into kv (account, key, value, expires_at) values (?, ?, ?, ?)
           on conflict do update set value = excluded.value, expires_at = excluded.expires_at
           where kv.expires_at <= ?`,
        ).run(account, key, bytes, Math.floor(expiresAt), upTo)
        return Number(changes) > 0
      })
    },
    delete: (account, key) =>
      database.write(
        'kv',
        (sql) => void sql('delete from kv where account = ? and key = ?').run(account, key),
      ),
  }
}

function purge(sql: Sql, now: number): void {
  sql('delete from kv where rowid in (select rowid from kv where expires_at <= ? limit ?)').run(
    now,
    purgeLimit,
  )
}
