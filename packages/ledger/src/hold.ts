import { maxAmount } from './units.ts'

/** `open` until exactly one of the others happens. A late settle leaves `expired` as it is and sets `charged`. */
export type HoldState = 'open' | 'posted' | 'voided' | 'expired'

/** The balance that limits a hold; amounts in nano-units. */
export interface WalletState {
  readonly posted: bigint
  readonly held: bigint
  /** How far below zero the wallet may go. */
  readonly overdraft: bigint
}

/** A cap over one period that limits a hold too; amounts in nano-units. */
export interface BudgetState {
  readonly cap: bigint
  readonly spent: bigint
  readonly held: bigint
}

/** One hold with what limits it: everything a transition reads and writes. */
export interface HoldView {
  readonly state: HoldState
  readonly amount: bigint
  readonly sent: boolean
  /** Cost seen running at the last extension: what a crash may charge. */
  readonly observed: bigint
  /** Whether a charge entry names this hold; there can be one. */
  readonly charged: boolean
  readonly wallet: WalletState
  readonly budgets: readonly BudgetState[]
}

/** What can happen to a hold after `reserve`; amounts in nano-units. */
export type HoldEvent =
  | { readonly type: 'sent' }
  | { readonly type: 'extend'; readonly by: bigint; readonly observed?: bigint }
  | { readonly type: 'settle'; readonly amount: bigint }
  | { readonly type: 'void' }
  | { readonly type: 'expire' }

/** What a charge became: `charged` left the wallet, `writtenOff` is what it could not cover. */
export interface Posting {
  readonly kind: 'charge' | 'late'
  readonly charged: bigint
  readonly writtenOff: bigint
}

/** The view after an event. `changed: false` means that nothing is to be written (repeated, out of order, or refused). */
export interface Transition {
  readonly changed: boolean
  readonly view: HoldView
  readonly posting?: Posting
}

/** What a wallet can still give. */
export function available(wallet: WalletState): bigint {
  return wallet.posted - wallet.held + wallet.overdraft
}

/**
 * Moves a hold. Pure, total and idempotent by state: repeated and reordered events change nothing, except that an
 * expired hold takes one late settle. Throws `RangeError` only for an amount that is negative or beyond 64 bits.
 */
export function transition(view: HoldView, event: HoldEvent): Transition {
  if (view.state === 'expired' && event.type === 'settle' && !view.charged)
    return settleLate(view, event.amount)
  if (view.state !== 'open') return unchanged(view)
  switch (event.type) {
    case 'sent':
      return view.sent ? unchanged(view) : { changed: true, view: { ...view, sent: true } }
    case 'extend':
      return extend(view, event.by, event.observed)
    case 'settle':
      return settle(view, event.amount)
    case 'void':
      return { changed: true, view: release(view, 'voided', 0n) }
    case 'expire':
      return { changed: true, view: release(view, 'expired', 0n) }
  }
}

function extend(view: HoldView, by: bigint, observed: bigint = 0n): Transition {
  assertAmount(by)
  const fits =
    available(view.wallet) >= by &&
    view.budgets.every((budget) => budget.spent + budget.held + by <= budget.cap)
  if (!fits) return unchanged(view)
  return {
    changed: true,
    view: {
      ...view,
      amount: view.amount + by,
      observed: observed > view.observed ? observed : view.observed,
      wallet: { ...view.wallet, held: view.wallet.held + by },
      budgets: view.budgets.map((budget) => ({ ...budget, held: budget.held + by })),
    },
  }
}

function settle(view: HoldView, amount: bigint): Transition {
  assertAmount(amount)
  const charged = least(amount, view.amount + available(view.wallet))
  return {
    changed: true,
    view: { ...release(view, 'posted', charged), charged: true },
    posting: { kind: 'charge', charged, writtenOff: amount - charged },
  }
}

function settleLate(view: HoldView, amount: bigint): Transition {
  assertAmount(amount)
  const charged = least(amount, available(view.wallet))
  return {
    changed: true,
    view: {
      ...view,
      charged: true,
      wallet: { ...view.wallet, posted: view.wallet.posted - charged },
      budgets: view.budgets.map((budget) => ({ ...budget, spent: budget.spent + charged })),
    },
    posting: { kind: 'late', charged, writtenOff: amount - charged },
  }
}

function release(view: HoldView, state: HoldState, charged: bigint): HoldView {
  return {
    ...view,
    state,
    wallet: {
      ...view.wallet,
      posted: view.wallet.posted - charged,
      held: view.wallet.held - view.amount,
    },
    budgets: view.budgets.map((budget) => ({
      ...budget,
      spent: budget.spent + charged,
      held: budget.held - view.amount,
    })),
  }
}

function unchanged(view: HoldView): Transition {
  return { changed: false, view }
}

function least(amount: bigint, room: bigint): bigint {
  const limit = room > 0n ? room : 0n
  return amount < limit ? amount : limit
}

/** Throws `RangeError` for an amount that cannot be held or charged: negative, or beyond 64 bits. */
export function assertAmount(amount: bigint): void {
  if (amount < 0n) throw new RangeError('an amount to hold or charge cannot be negative')
  if (amount > maxAmount) throw new RangeError('an amount to hold or charge is too large for the ledger')
}
