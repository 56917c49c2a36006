import type { Hold, LedgerStore } from '@gantry/core'
import {
  budgetsOf,
  checkAccount,
  checkSameWallet,
  checkTransfer,
  entriesOf,
  type HoldEvent,
  type HoldView,
  pageLimit,
  postedAfter,
  referenceConflict,
  reserveFrom,
  type Transition,
  transferId,
  transition,
  unknownHold,
  usageRow,
  walletId,
} from '@gantry/ledger'
import { audit } from './audit.ts'
import { forgetOldest } from './retention.ts'
import { type HoldRow, pageOfIds, type State } from './state.ts'
import { putUsage } from './usage.ts'

/** Holds one sweep looks at, at most. */
const expireLimit = 500

/** The ledger in memory. Every method decides first and writes after, so that an error changes nothing. */
export function createLedger<N extends string>(name: N, state: State): LedgerStore<N> {
  const move = (
    id: string,
    event: HoldEvent,
  ): { readonly step: Transition; readonly row: HoldRow } | undefined => {
    const row = state.holds.get(id)
    if (!row) return undefined
    const step = transition(viewOf(state, row), event)
    if (step.changed) write(state, row, step.view)
    return { step, row }
  }
  return {
    name,
    async reserve(hold) {
      const existing = state.holds.get(hold.id)
      if (existing) return { ok: true, wallet: existing.wallet }
      const named = hold.wallets.length > 0 ? hold.wallets : [walletId(hold.account, hold.asset)]
      const wallets = named
        .map((id) => state.wallets.get(id))
        .filter((wallet) => wallet?.account === hold.account && wallet.asset === hold.asset)
        .filter((wallet) => wallet !== undefined)
      const budgets = budgetsOf(hold).map((budget) => {
        const known = state.budgets.get(budgetKey(hold.asset, budget))
        const { kind, cap } = budget
        return {
          key: budgetKey(hold.asset, budget),
          kind,
          cap,
          spent: known?.spent ?? 0n,
          held: known?.held ?? 0n,
        }
      })
      const result = reserveFrom(wallets, budgets, hold.amount)
      const wallet = result.ok ? state.wallets.get(result.wallet) : undefined
      if (!wallet) return result
      state.wallets.set(wallet.id, { ...wallet, held: wallet.held + hold.amount })
      for (const { key, cap, spent, held } of budgets) {
        state.budgets.set(key, { cap, spent, held: held + hold.amount })
      }
      state.open.add(hold.id)
      state.holds.set(hold.id, {
        hold,
        wallet: wallet.id,
        state: 'open',
        amount: hold.amount,
        sent: hold.sent,
        observed: hold.observed ?? 0n,
        budgets: budgets.map(({ key }) => key),
      })
      return result
    },
    async sent(id) {
      move(id, { type: 'sent' })
    },
    async extend(id, by, observed = 0n) {
      return move(id, { type: 'extend', by, observed })?.step.changed ?? false
    },
    async settle(settlement) {
      const moved = move(settlement.id, { type: 'settle', amount: settlement.amount })
      if (!moved) throw unknownHold(settlement.id)
      const { posting } = moved.step
      if (!posting) return
      const { hold, wallet } = moved.row
      for (const entry of entriesOf({ ...hold, wallet }, posting)) state.entries.set(entry.id, entry)
      putUsage(state, usageRow(settlement, hold, posting, Date.now()), posting.charged)
      forgetOldest(state)
    },
    async void(id) {
      move(id, { type: 'void' })
      forgetOldest(state)
    },
    async expire(now, limit) {
      const due = [...state.open]
        .map((id) => state.holds.get(id))
        .filter((row) => row !== undefined)
        .filter((row) => row.hold.expiresAt < now)
        .toSorted((a, b) => a.hold.expiresAt - b.hold.expiresAt)
        .slice(0, Math.min(limit, expireLimit))
      for (const row of due) move(row.hold.id, { type: 'expire' })
      return due.length
    },
    open: (instance) => {
      const holds: Hold[] = []
      for (const id of state.open) {
        const row = state.holds.get(id)
        if (row?.hold.instance !== instance) continue
        const { amount, sent, observed, wallet } = row
        holds.push({ ...row.hold, wallets: [wallet], amount, sent, observed })
      }
      return holds
    },
    async createAccount(account) {
      checkAccount(account)
      for (const wanted of account.wallets) {
        const known = state.wallets.get(walletId(account.id, wanted.asset))
        if (known) checkSameWallet(account.id, known, wanted)
      }
      state.accounts.add(account.id)
      for (const { asset, overdraft } of account.wallets) {
        const id = walletId(account.id, asset)
        if (state.wallets.has(id)) continue
        state.wallets.set(id, { id, account: account.id, asset, posted: 0n, held: 0n, overdraft })
      }
    },
    accounts({ after, limit }) {
      const { ids, next } = pageOfIds(state.accounts, after, pageLimit(limit))
      return { items: ids, ...(next !== undefined && { next }) }
    },
    async transfer(transfer) {
      checkTransfer(transfer)
      const { account, asset, amount, counterAccount, reference } = transfer
      const id = transferId(reference)
      const known = state.entries.get(id)
      if (known) {
        const same =
          known.account === account &&
          known.asset === asset &&
          known.amount === amount &&
          known.counterAccount === counterAccount
        if (!same) throw referenceConflict(reference)
        return
      }
      const wallet = state.wallets.get(walletId(account, asset))
      const posted = postedAfter(wallet, transfer)
      if (!wallet) return
      state.wallets.set(wallet.id, { ...wallet, posted })
      const entry = { id, account, wallet: wallet.id, counterAccount, asset, amount, hold: null }
      state.entries.set(id, { ...entry, kind: 'transfer' })
    },
    balance(account) {
      return [...state.wallets.values()]
        .filter((wallet) => wallet.account === account)
        .map(({ id, asset, posted, held }) => ({ wallet: id, asset, posted, held }))
        .toSorted((a, b) => (a.wallet < b.wallet ? -1 : 1))
    },
    audit: () => audit(state, Date.now()),
  }
}

function viewOf(state: State, row: HoldRow): HoldView {
  const wallet = state.wallets.get(row.wallet)
  if (!wallet) throw new Error(`the wallet of hold ${row.hold.id} is gone`)
  return {
    state: row.state,
    amount: row.amount,
    sent: row.sent,
    observed: row.observed,
    charged: state.entries.has(`charge:${row.hold.id}`),
    wallet,
    budgets: row.budgets.map((key) => state.budgets.get(key) ?? { cap: 0n, spent: 0n, held: 0n }),
  }
}

function write(state: State, row: HoldRow, view: HoldView): void {
  const wallet = state.wallets.get(row.wallet)
  if (wallet) state.wallets.set(wallet.id, { ...wallet, posted: view.wallet.posted, held: view.wallet.held })
  for (const [index, key] of row.budgets.entries()) {
    const budget = view.budgets[index]
    if (budget) state.budgets.set(key, { cap: budget.cap, spent: budget.spent, held: budget.held })
  }
  if (view.state !== 'open') state.open.delete(row.hold.id)
  const { amount, sent, observed } = view
  state.holds.set(row.hold.id, { ...row, state: view.state, amount, sent, observed })
}

function budgetKey(asset: string, budget: Hold['budgets'][number]): string {
  return JSON.stringify([budget.kind, budget.id, asset, budget.periodStart])
}
