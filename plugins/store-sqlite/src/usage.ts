import type { JsonObject, UsageStore } from '@gantry/core'
import {
  formatAmount,
  pageLimit,
  tokenBuckets,
  type UsageFilter,
  usageColumns,
  usageFields,
  usageFilter,
  usageGroups,
} from '@gantry/ledger'
import type { SQLInputValue } from 'node:sqlite'
import type { Database, Sql } from './database.ts'
import { count, integer, text } from './row.ts'

// All SQL here is put together from these constants, never from a value.
const columnOf: { readonly [field in (typeof usageFields)[number]]: string } = {
  account: 'account',
  key: 'key',
  group: '"group"',
  model: 'model',
  target: 'target',
  outcome: 'outcome',
  usageSource: 'usage_source',
  asset: 'asset',
}
const columns = [
  'request_id',
  'at',
  ...usageFields.map((field) => columnOf[field]),
  'cost',
  ...tokenBuckets.map((bucket) => `tokens_${bucket}`),
  'row',
]
const places = columns.map(() => '?').join(', ')
const insertRow = `into usage (${columns.join(', ')}) values (${places})`

const conditions = [
  'at >= :from and at < :to',
  ...usageFields.map((field) => `(:${field} is null or ${columnOf[field]} = :${field})`),
]
const where = conditions.join(' and ')
const selectPage = `select seq, row from usage where seq < :before and ${where} order by seq desc limit :limit`
/** Lets the index on account work: with `:account is null or …` SQLite would walk all rows. */
const selectPageOfAccount = `select seq, row from usage where account = :account and seq < :before and ${where}
  order by seq desc limit :limit`

const groupColumns = [
  ...usageFields.map((field) => `iif(:by_${field}, ${columnOf[field]}, null) as g_${field}`),
  "iif(:by_day, strftime('%Y-%m-%d', at / 1000, 'unixepoch'), null) as g_day",
]
const sums = [
  'count(*) as requests',
  'sum(cost) as cost',
  ...tokenBuckets.map((bucket) => `sum(tokens_${bucket}) as sum_${bucket}`),
]
const selectSums = `select ${[...groupColumns, ...sums].join(', ')} from usage where ${where}
  group by ${groupColumns.map((_, index) => index + 1).join(', ')}`

/** Usage in SQLite, newest first. */
export function createUsage<N extends string>(name: N, database: Database): UsageStore<N> {
  return {
    name,
    async write(row) {
      const values = rowValues(row, 0n, Date.now())
      await database.write('money', (sql) => void sql(`insert or ignore ${insertRow}`).run(...values))
    },
    query: async (filter, page) => {
      const wanted = usageFilter(filter)
      const limit = pageLimit(page.limit)
      const before = page.after === undefined ? Number.MAX_SAFE_INTEGER : Number(page.after) || 0
      const select = wanted.equal.account === undefined ? selectPage : selectPageOfAccount
      const rows = await database.read('money', (sql) =>
        sql(select).all({ ...filterValues(wanted), before, limit: limit + 1 }),
      )
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: shown.map((row) => JSON.parse(text(row, 'row')) as JsonObject),
        ...(rows.length > limit && last && { next: String(integer(last, 'seq')) }),
      }
    },
    sum: async (filter, by) => {
      const wanted = usageFilter(filter)
      const groups = usageGroups(by)
      const flags: { [name: string]: number } = {}
      for (const group of [...usageFields, 'day'] as const)
        flags[`by_${group}`] = groups.includes(group) ? 1 : 0
      const rows = await database.read('money', (sql) =>
        sql(selectSums).all({ ...filterValues(wanted), ...flags }),
      )
      return rows
        .map((row) => {
          const values = groups.map((group) => row[`g_${group}`] as string | null)
          return { order: JSON.stringify(values), row: sumRow(groups, values, row) }
        })
        .toSorted((a, b) => (a.order < b.order ? -1 : 1))
        .map(({ row }) => row)
    },
  }
}

/** Writes the usage row of a settlement, in its transaction. */
export function replaceUsage(sql: Sql, row: JsonObject, cost: bigint, now: number): void {
  sql(`insert or replace ${insertRow}`).run(...rowValues(row, cost, now))
}

function rowValues(row: JsonObject, cost: bigint, now: number): SQLInputValue[] {
  const { requestId, at, fields, tokens } = usageColumns(row, now)
  const named = usageFields.map((field) => fields[field] ?? null)
  return [requestId, at, ...named, cost, ...tokens, JSON.stringify(row)]
}

function filterValues(filter: UsageFilter): { [name: string]: SQLInputValue } {
  const named = usageFields.map((field): [string, SQLInputValue] => [field, filter.equal[field] ?? null])
  return { from: filter.from, to: filter.to, ...Object.fromEntries(named) }
}

function sumRow(
  groups: readonly string[],
  values: readonly (string | null)[],
  row: { readonly [column: string]: unknown },
): JsonObject {
  const tokens = tokenBuckets
    .map((bucket): [string, number] => [bucket, count(row, `sum_${bucket}`)])
    .filter(([, total]) => total !== 0)
  return {
    ...Object.fromEntries(groups.map((group, index) => [group, values[index] ?? null])),
    requests: count(row, 'requests'),
    tokens: Object.fromEntries(tokens),
    cost: formatAmount(integer(row, 'cost')),
  }
}
