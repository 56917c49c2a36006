import type { LedgerStore } from '@gantry/core'
import {
  checkAccount,
  checkSameWallet,
  checkTransfer,
  entriesOf,
  type Entry,
  type HoldEvent,
  pageLimit,
  postedAfter,
  referenceConflict,
  reserveFrom,
  transferId,
  transition,
  type Transition,
  unknownHold,
  usageRow,
  type WalletCandidate,
  walletId,
} from '@gantry/ledger'
import { audit } from './audit.ts'
import type { Database, Sql } from './database.ts'
import { insertHold, loadBudgets, loadHold, openHolds, saveHold, type StoredHold } from './holds.ts'
import { integer, text } from './row.ts'
import { replaceUsage } from './usage.ts'
import type { Wallets } from './wallets.ts'

/** Holds one sweep looks at, at most. */
const expireLimit = 500

/** The ledger in SQLite: each operation is one unit of a group commit, decided by the pure functions of the ledger. */
export function createLedger<N extends string>(name: N, database: Database): LedgerStore<N> {
  return {
    name,
    reserve: (hold) =>
      database.move((sql, wallets) => {
        const named = hold.wallets.length > 0 ? hold.wallets : [walletId(hold.account, hold.asset)]
        const candidates = named
          .map((id) => wallets.find(id))
          .filter((wallet) => wallet !== undefined)
          .filter(({ account, asset }) => account === hold.account && asset === hold.asset)
        const budgets = loadBudgets(sql, hold)
        const result = reserveFrom(candidates, budgets, hold.amount)
        if (result.ok && insertHold(sql, wallets, hold, result.wallet, budgets, Date.now())) return result
        // Refused, or there already: a hold that was made before keeps its answer.
        const existing = sql('select wallet from hold where id = ?').get(hold.id)
        return existing ? { ok: true, wallet: text(existing, 'wallet') } : result
      }),
    sent: (id) => database.move((sql, wallets) => void move(sql, wallets, id, { type: 'sent' })),
    extend: (id, by, observed = 0n) =>
      database.move(
        (sql, wallets) => move(sql, wallets, id, { type: 'extend', by, observed })?.step.changed ?? false,
      ),
    settle: (settlement) =>
      database.move((sql, wallets) => {
        const moved = move(sql, wallets, settlement.id, { type: 'settle', amount: settlement.amount })
        if (!moved) throw unknownHold(settlement.id)
        const { posting } = moved.step
        if (!posting) return
        const now = Date.now()
        for (const entry of entriesOf(moved.hold, posting)) insertEntry(sql, entry, now)
        replaceUsage(sql, usageRow(settlement, moved.hold, posting, now), posting.charged, now)
      }),
    void: (id) => database.move((sql, wallets) => void move(sql, wallets, id, { type: 'void' })),
    expire: (now, limit) =>
      database.move((sql, wallets) => {
        const due = sql(
          'select id from hold where state = 0 and expires_at < ? order by expires_at limit ?',
        ).all(now, Math.min(limit, expireLimit))
        for (const row of due) move(sql, wallets, text(row, 'id'), { type: 'expire' })
        return due.length
      }),
    open: (instance) => database.read('money', (sql) => openHolds(sql, instance)),
    async createAccount(account) {
      checkAccount(account)
      await database.write('money', (sql) => {
        sql('insert into account (id, created_at) values (?, ?) on conflict do nothing').run(
          account.id,
          Date.now(),
        )
        for (const wanted of account.wallets) {
          const { asset, overdraft } = wanted
          const id = walletId(account.id, asset)
          const known = sql('select overdraft from wallet where id = ?').get(id)
          if (known) checkSameWallet(account.id, { asset, overdraft: integer(known, 'overdraft') }, wanted)
          else {
            sql('insert into wallet (id, account, asset, overdraft) values (?, ?, ?, ?)').run(
              id,
              account.id,
              asset,
              overdraft,
            )
          }
        }
      })
    },
    accounts: ({ after, limit }) =>
      database.read('money', (sql) => {
        const size = pageLimit(limit)
        const rows = sql('select id from account where id > ? order by id limit ?').all(after ?? '', size + 1)
        const items = rows.slice(0, size).map((row) => text(row, 'id'))
        const last = items.at(-1)
        return { items, ...(rows.length > size && last !== undefined && { next: last }) }
      }),
    async transfer(transfer) {
      checkTransfer(transfer)
      const { account, asset, amount, counterAccount, reference } = transfer
      await database.write('money', (sql) => {
        const id = transferId(reference)
        const known = sql('select account, asset, amount, counter_account from entry where id = ?').get(id)
        if (known) {
          const same =
            known['account'] === account &&
            known['asset'] === asset &&
            known['amount'] === amount &&
            known['counter_account'] === counterAccount
          if (!same) throw referenceConflict(reference)
          return
        }
        const wallet = loadWallet(sql, walletId(account, asset), account, asset)
        const posted = postedAfter(wallet, transfer)
        if (!wallet) return
        sql('update wallet set posted = ?, version = version + 1 where id = ?').run(posted, wallet.id)
        const entry: Entry = {
          id,
          account,
          wallet: wallet.id,
          counterAccount,
          asset,
          amount,
          kind: 'transfer',
          hold: null,
        }
        insertEntry(sql, entry, Date.now())
      })
    },
    balance: (account) =>
      database.read('money', (sql) =>
        sql('select id, asset, posted, held from wallet where account = ? order by id')
          .all(account)
          .map((row) => ({
            wallet: text(row, 'id'),
            asset: text(row, 'asset'),
            posted: integer(row, 'posted'),
            held: integer(row, 'held'),
          })),
      ),
    audit: () => database.read('money', (sql) => audit(sql, Date.now())),
  }
}

function move(
  sql: Sql,
  wallets: Wallets,
  id: string,
  event: HoldEvent,
): { readonly step: Transition; readonly hold: StoredHold } | undefined {
  const hold = loadHold(sql, wallets, id)
  if (!hold) return undefined
  const step = transition(hold.view, event)
  if (step.changed) saveHold(sql, wallets, hold, step.view)
  return { step, hold }
}

function loadWallet(sql: Sql, id: string, account: string, asset: string): WalletCandidate | undefined {
  const row = sql(
    'select id, posted, held, overdraft from wallet where id = ? and account = ? and asset = ?',
  ).get(id, account, asset)
  return (
    row && {
      id: text(row, 'id'),
      posted: integer(row, 'posted'),
      held: integer(row, 'held'),
      overdraft: integer(row, 'overdraft'),
    }
  )
}

function insertEntry(sql: Sql, entry: Entry, now: number): void {
  sql(
    `insert into entry (id, account, wallet, counter_account, asset, amount, kind, hold, at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    entry.id,
    entry.account,
    entry.wallet,
    entry.counterAccount,
    entry.asset,
    entry.amount,
    entry.kind,
    entry.hold,
    now,
  )
}
