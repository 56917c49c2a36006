import type { Hold } from '@gantry/core'
import { budgetsOf, type HoldState, type HoldView, type ReservedBudget } from '@gantry/ledger'
import type { Sql } from './database.ts'
import { count, integer, type Row, text } from './row.ts'
import type { StoredWallet, Wallets } from './wallets.ts'

const states: readonly HoldState[] = ['open', 'posted', 'voided', 'expired']

/** A hold as stored, with what a transition needs. */
export interface StoredHold {
  readonly id: string
  readonly account: string
  readonly wallet: string
  readonly asset: string
  readonly priceVersion: string
  readonly view: HoldView
  readonly budgets: readonly { readonly kind: string; readonly id: string; readonly periodStart: bigint }[]
}

const selectHold = `select account, wallet, asset, price_version, state, amount, sent, observed, budgets
  from hold where id = ?`
const selectBudgets = `select hb.scope_kind, hb.scope_id, hb.period_start, b.cap, b.spent, b.held
  from hold_budget hb join hold h on h.id = hb.hold
  join budget b on b.scope_kind = hb.scope_kind and b.scope_id = hb.scope_id and b.asset = h.asset
    and b.period_start = hb.period_start
  where hb.hold = ? order by hb.scope_kind, hb.scope_id, hb.period_start`

/** Loads a hold with its wallet and budgets. */
export function loadHold(sql: Sql, wallets: Wallets, id: string): StoredHold | undefined {
  const row = sql(selectHold).get(id)
  if (!row) return undefined
  const wallet = text(row, 'wallet')
  const state = states[count(row, 'state')] ?? 'voided'
  const budgets = count(row, 'budgets') === 0 ? [] : sql(selectBudgets).all(id)
  return {
    id,
    account: text(row, 'account'),
    wallet,
    asset: text(row, 'asset'),
    priceVersion: text(row, 'price_version'),
    budgets: budgets.map((budget) => ({
      kind: text(budget, 'scope_kind'),
      id: text(budget, 'scope_id'),
      periodStart: integer(budget, 'period_start'),
    })),
    view: {
      state,
      amount: integer(row, 'amount'),
      sent: count(row, 'sent') === 1,
      observed: integer(row, 'observed'),
      // An open hold has none yet, and only a settlement asks.
      charged: state !== 'open' && sql('select 1 from entry where hold = ?').get(id) !== undefined,
      wallet: walletOf(wallets, wallet),
      budgets: budgets.map((budget) => ({
        cap: integer(budget, 'cap'),
        spent: integer(budget, 'spent'),
        held: integer(budget, 'held'),
      })),
    },
  }
}

/** Writes what a transition changed: the hold, its wallet and its budgets. */
export function saveHold(sql: Sql, wallets: Wallets, hold: StoredHold, after: HoldView): void {
  const state = states.indexOf(after.state)
  sql('update hold set state = ?, amount = ?, sent = ?, observed = ? where id = ?').run(
    state,
    after.amount,
    after.sent ? 1 : 0,
    after.observed,
    hold.id,
  )
  if (after.wallet !== hold.view.wallet) wallets.change(hold.wallet, after.wallet)
  for (const [index, { kind, id, periodStart }] of hold.budgets.entries()) {
    const budget = after.budgets[index]
    if (!budget || budget === hold.view.budgets[index]) continue
    sql(
      `update budget set spent = ?, held = ?
       where scope_kind = ? and scope_id = ? and asset = ? and period_start = ?`,
    ).run(budget.spent, budget.held, kind, id, hold.asset, periodStart)
    sql(
      'update hold_budget set amount = ? where hold = ? and scope_kind = ? and scope_id = ? and period_start = ?',
    ).run(after.amount, hold.id, kind, id, periodStart)
  }
}

/** Budgets a new hold has to fit into; a row that is not there yet counts as empty. */
export function loadBudgets(sql: Sql, hold: Hold): readonly ReservedBudget[] {
  return budgetsOf(hold).map(({ kind, id, periodStart, cap }) => {
    const row = sql(
      'select spent, held from budget where scope_kind = ? and scope_id = ? and asset = ? and period_start = ?',
    ).get(kind, id, hold.asset, periodStart)
    const spent = row ? integer(row, 'spent') : 0n
    const held = row ? integer(row, 'held') : 0n
    return { kind, id, periodStart, cap, spent, held }
  })
}

/** Adds an open hold, with what it takes from wallet and budgets; `false`, and nothing taken, when it is there already. */
export function insertHold(
  sql: Sql,
  wallets: Wallets,
  hold: Hold,
  wallet: string,
  budgets: readonly ReservedBudget[],
  now: number,
): boolean {
  const { changes } = sql(
    `insert into hold (id, account, wallet, asset, amount, price_version, ratio_ppm, instance, epoch, sent, observed,
       expires_at, created_at, budgets) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (id) do nothing`,
  ).run(
    hold.id,
    hold.account,
    wallet,
    hold.asset,
    hold.amount,
    hold.priceVersion,
    hold.ratioPpm,
    hold.instance,
    hold.epoch,
    hold.sent ? 1 : 0,
    hold.observed ?? 0n,
    hold.expiresAt,
    now,
    budgets.length,
  )
  if (Number(changes) === 0) return false
  const before = walletOf(wallets, wallet)
  wallets.change(wallet, { ...before, held: before.held + hold.amount })
  for (const { kind, id, periodStart, cap } of budgets) {
    sql(
      `insert into budget (scope_kind, scope_id, asset, period_start, cap, held) values (?, ?, ?, ?, ?, ?)
       on conflict do update set cap = excluded.cap, held = held + excluded.held`,
    ).run(kind, id, hold.asset, periodStart, cap, hold.amount)
    sql(
      'insert into hold_budget (hold, scope_kind, scope_id, period_start, amount) values (?, ?, ?, ?, ?)',
    ).run(hold.id, kind, id, periodStart, hold.amount)
  }
  return true
}

/** Open holds of one instance, as they were reserved, with amount and flags as they are now. */
export function openHolds(sql: Sql, instance: string): readonly Hold[] {
  const rows = sql('select * from hold where state = 0 and instance = ? order by created_at, id').all(
    instance,
  )
  return rows.map((row: Row) => {
    const id = text(row, 'id')
    return {
      id,
      account: text(row, 'account'),
      wallets: [text(row, 'wallet')],
      asset: text(row, 'asset'),
      amount: integer(row, 'amount'),
      budgets: sql(selectBudgets)
        .all(id)
        .map((budget) => ({
          kind: text(budget, 'scope_kind'),
          id: text(budget, 'scope_id'),
          periodStart: count(budget, 'period_start'),
          cap: integer(budget, 'cap'),
        })),
      priceVersion: text(row, 'price_version'),
      ratioPpm: integer(row, 'ratio_ppm'),
      instance: text(row, 'instance'),
      epoch: count(row, 'epoch'),
      sent: count(row, 'sent') === 1,
      observed: integer(row, 'observed'),
      expiresAt: count(row, 'expires_at'),
    }
  })
}

/** The wallet of a hold, which the foreign key keeps there. */
function walletOf(wallets: Wallets, id: string): StoredWallet {
  const wallet = wallets.find(id)
  if (!wallet) throw new Error(`there is no wallet ${id}`)
  return wallet
}
