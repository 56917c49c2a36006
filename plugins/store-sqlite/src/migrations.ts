import { ConfigError } from '@gantry/core'
import { tokenBuckets } from '@gantry/ledger'
import type { DatabaseSync } from 'node:sqlite'

/** One step forward; applied once, in order, recorded by number. Never edited after a release. */
interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
}

const tokenColumns = tokenBuckets.map((bucket) => `  tokens_${bucket} integer not null default 0,`).join('\n')

const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'accounts, holds, entries, usage, keys, values',
    sql: `
create table account (id text primary key, created_at integer not null) strict, without rowid;
create table wallet (
  id text primary key, account text not null references account(id), asset text not null,
  posted integer not null default 0, held integer not null default 0, overdraft integer not null default 0,
  version integer not null default 0,
  unique (account, asset), check (held >= 0), check (posted - held + overdraft >= 0)) strict, without rowid;
create table budget (
  scope_kind text not null, scope_id text not null, asset text not null, period_start integer not null,
  cap integer not null, spent integer not null default 0, held integer not null default 0 check (held >= 0),
  primary key (scope_kind, scope_id, asset, period_start)) strict, without rowid;
create table hold (
  id text primary key, account text not null, wallet text not null references wallet(id), asset text not null,
  amount integer not null, state integer not null default 0 check (state between 0 and 3),
  price_version text not null, ratio_ppm integer not null, instance text not null, epoch integer not null,
  sent integer not null, observed integer not null default 0, expires_at integer not null,
  created_at integer not null, budgets integer not null) strict, without rowid;
create index hold_open on hold(expires_at) where state = 0;
create table hold_budget (
  hold text not null references hold(id), scope_kind text not null, scope_id text not null,
  period_start integer not null, amount integer not null,
  primary key (hold, scope_kind, scope_id, period_start)) strict, without rowid;
create table entry (
  id text primary key, account text not null, wallet text references wallet(id), counter_account text not null,
  asset text not null, amount integer not null, kind text not null, hold text unique, at integer not null) strict,
  without rowid;
create table usage (
  seq integer primary key, request_id text not null unique, at integer not null,
  account text, key text, "group" text, model text, target text, outcome text, usage_source text, asset text,
  cost integer not null default 0,
${tokenColumns}
  row text not null) strict;
create index usage_account on usage(account, seq);
create table api_key (
  id text primary key, hash text not null unique, disabled integer not null, record text not null) strict;
create table kv (
  account text not null, key text not null, value blob not null, expires_at integer not null,
  primary key (account, key)) strict;
create index kv_expires on kv(expires_at);
`,
  },
]

const newest = migrations.at(-1)?.version ?? 0

/** Brings the tables forward, each step in its own transaction. Throws `ConfigError` for a file from a newer version. */
export function migrate(db: DatabaseSync, path: string): void {
  db.exec(
    'create table if not exists migration (version integer primary key, name text not null, at integer not null) strict',
  )
  const current = readVersion(db)
  if (current > newest) throw newerFile(path, current)
  for (const { version, name, sql } of migrations) {
    if (version <= current) continue
    db.exec('begin immediate')
    try {
      db.exec(sql)
      db.prepare('insert into migration (version, name, at) values (?, ?, ?)').run(version, name, Date.now())
      db.exec('commit')
    } catch (error) {
      if (db.isTransaction) db.exec('rollback')
      throw error
    }
  }
}

/** Throws `ConfigError` where a file cannot be read as it is: a gateway has to open it first, or a newer one did. */
export function checkVersion(db: DatabaseSync, path: string): void {
  const found = db.prepare("select 1 from sqlite_schema where type = 'table' and name = 'migration'").get()
  const current = found ? readVersion(db) : 0
  if (current > newest) throw newerFile(path, current)
  if (current < newest) throw notReady(path)
}

function readVersion(db: DatabaseSync): number {
  return Number(
    db.prepare('select coalesce(max(version), 0) as version from migration').get()?.['version'] ?? 0,
  )
}

/** The error of a file that only a writer can make readable. */
export function notReady(path: string): ConfigError {
  return new ConfigError([
    {
      code: 'STORE_NOT_READY',
      severity: 'error',
      path: 'store',
      message: `the SQLite file ${path} is missing, or has no tables of this version yet.`,
      fix: 'Start the gateway once, or create an account or key.',
    },
  ])
}

function newerFile(path: string, version: number): ConfigError {
  return new ConfigError([
    {
      code: 'STORE_TOO_NEW',
      severity: 'error',
      path: 'store',
      message: `the SQLite file ${path} was written by a newer version (tables ${version}, known ${newest}).`,
      fix: 'Update the gateway, or restore a backup from before.',
    },
  ])
}
