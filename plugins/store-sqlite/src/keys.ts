import type { KeyRecord, KeyStore } from '@gantry/core'
import { duplicateKey, pageLimit } from '@gantry/ledger'
import type { Database } from './database.ts'
import { count, type Row, text } from './row.ts'

/** Keys in SQLite, found by hash on a unique index. */
export function createKeys<N extends string>(name: N, database: Database): KeyStore<N> {
  return {
    name,
    find: (hash) =>
      database.read('keys', (sql) => {
        const row = sql('select record, disabled from api_key where hash = ?').get(hash)
        return row && recordOf(row)
      }),
    create: (record, hash) =>
      database.write('keys', (sql) => {
        if (sql('select 1 from api_key where id = ? or hash = ?').get(record.id, hash))
          throw duplicateKey(record.id)
        sql('insert into api_key (id, hash, disabled, record) values (?, ?, ?, ?)').run(
          record.id,
          hash,
          record.disabled ? 1 : 0,
          JSON.stringify(record),
        )
      }),
    revoke: (id) =>
      database.write(
        'keys',
        (sql) => sql('update api_key set disabled = 1 where id = ?').run(id).changes > 0,
      ),
    list: ({ after, limit }) =>
      database.read('keys', (sql) => {
        const size = pageLimit(limit)
        const rows = sql('select record, disabled from api_key where id > ? order by id limit ?').all(
          after ?? '',
          size + 1,
        )
        const items = rows.slice(0, size).map(recordOf)
        const last = items.at(-1)
        return { items, ...(rows.length > size && last && { next: last.id }) }
      }),
  }
}

function recordOf(row: Row): KeyRecord {
  return { ...(JSON.parse(text(row, 'record')) as KeyRecord), disabled: count(row, 'disabled') === 1 }
}
