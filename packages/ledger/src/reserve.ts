import type { Hold, ReserveResult } from '@gantry/core'
import { assertAmount, available, type BudgetState, type WalletState } from './hold.ts'

/** A wallet a hold may be taken from. */
export interface WalletCandidate extends WalletState {
  readonly id: string
}

/** A budget a hold has to fit into. */
export interface BudgetCandidate extends BudgetState {
  readonly kind: string
}

/** A budget a new hold takes from, with its place. */
export interface ReservedBudget extends BudgetCandidate {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly periodStart: number
}

type Refusal = Extract<ReserveResult, { readonly ok: false }>

/** When to ask again where only open holds are in the way: they end when their requests do, and nobody knows when. */
export const inFlightRetryMs = 1000

const budgetLimits: readonly string[] = ['key', 'group', 'account', 'plan']

/**
 * Decides a reservation: the first wallet, in order, that covers the whole amount is pinned; there is no split.
 * Every budget has to fit as well. A refusal names the limit: a lasting shortage before one that only open holds cause.
 * Throws `RangeError` for an amount that is negative or beyond 64 bits.
 */
export function reserveFrom(
  wallets: readonly WalletCandidate[],
  budgets: readonly BudgetCandidate[],
  amount: bigint,
): ReserveResult {
  assertAmount(amount)
  let inFlight: Refusal | undefined
  for (const budget of budgets) {
    if (budget.spent + amount > budget.cap) return { ok: false, limit: limitOf(budget.kind) }
    if (budget.spent + budget.held + amount > budget.cap) {
      inFlight = { ok: false, limit: 'in_flight', retryAfterMs: inFlightRetryMs }
    }
  }
  const pinned = wallets.find((wallet) => available(wallet) >= amount)
  if (!pinned) {
    if (!wallets.some((wallet) => wallet.posted + wallet.overdraft >= amount)) {
      return { ok: false, limit: 'wallet' }
    }
    return { ok: false, limit: 'in_flight', retryAfterMs: inFlightRetryMs }
  }
  return inFlight ?? { ok: true, wallet: pinned.id }
}

/** The budgets of a hold without repetitions, which would count twice. */
export function budgetsOf(hold: Hold): Hold['budgets'] {
  const seen = new Set<string>()
  return hold.budgets.filter(({ kind, id, periodStart }) => {
    const name = JSON.stringify([kind, id, periodStart])
    if (seen.has(name)) return false
    seen.add(name)
    return true
  })
}

function limitOf(kind: string): Refusal['limit'] {
  return budgetLimits.includes(kind) ? (kind as Refusal['limit']) : 'plan'
}
