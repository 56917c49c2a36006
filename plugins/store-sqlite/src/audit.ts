import type { Json, JsonObject } from '@gantry/core'
import type { Sql } from './database.ts'

/** A hold that is open this long after its end is one nobody will settle. */
const zombieMs = 60_000

const invariants: { readonly [name: string]: string } = {
  I1: `select w.id as wallet, w.posted as "is", coalesce(e.s, 0) as shouldBe from wallet w
    left join (select wallet, sum(amount) s from entry group by 1) e on e.wallet = w.id
    where w.posted <> coalesce(e.s, 0)`,
  I2: `select w.id as wallet, w.held as "is", coalesce(h.s, 0) as shouldBe from wallet w
    left join (select wallet, sum(amount) s from hold where state = 0 group by 1) h on h.wallet = w.id
    where w.held <> coalesce(h.s, 0)`,
  I3: 'select id as wallet from wallet where posted - held + overdraft < 0 or held < 0',
  I4: `select h.id as hold from hold h left join entry e on e.hold = h.id
    where (h.state = 1 and e.id is null) or (h.state = 2 and e.id is not null)`,
  I5: `select u.request_id as request from usage u left join entry e on e.hold = u.request_id
    where u.cost <> -coalesce(e.amount, 0)`,
  I6: `select b.scope_kind as kind, b.scope_id as id, b.asset, b.period_start as periodStart from budget b
    where b.held <> (select coalesce(sum(hb.amount), 0) from hold_budget hb
      join hold h on h.id = hb.hold and h.state = 0 and h.asset = b.asset
      where hb.scope_kind = b.scope_kind and hb.scope_id = b.scope_id and hb.period_start = b.period_start)`,
  I8: `select e.id as entry from entry e join wallet w on w.id = e.wallet
    where w.asset <> e.asset or e.counter_account not like '%:' || e.asset`,
}

const zombies = 'select id as hold from hold where state = 0 and expires_at < ?'

/** The invariants I1 to I8 of the money page; no rows is good. Scans whole tables: for tests and nightly jobs. */
export function audit(
  sql: Sql,
  now: number,
): readonly { readonly invariant: string; readonly row: JsonObject }[] {
  const found = Object.entries(invariants).flatMap(([invariant, query]) =>
    sql(query)
      .all()
      .map((row) => ({ invariant, row: jsonRow(row) })),
  )
  for (const row of sql(zombies).all(now - zombieMs)) found.push({ invariant: 'I7', row: jsonRow(row) })
  return found
}

function jsonRow(row: { readonly [column: string]: unknown }): JsonObject {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]): [string, Json] => [
      column,
      typeof value === 'bigint' ? String(value) : (value as Json),
    ]),
  )
}
