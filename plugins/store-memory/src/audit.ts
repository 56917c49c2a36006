import type { JsonObject } from '@gantry/core'
import { available, formatAmount } from '@gantry/ledger'
import type { State } from './state.ts'

/** A hold that is open this long after its end is one nobody will settle. */
const zombieMs = 60_000

/** The invariants I1 to I8 of the money page; no rows is good. */
export function audit(
  state: State,
  now: number,
): readonly { readonly invariant: string; readonly row: JsonObject }[] {
  const found: { invariant: string; row: JsonObject }[] = []
  const posted = new Map(state.carried)
  for (const entry of state.entries.values()) {
    if (entry.wallet === null) continue
    posted.set(entry.wallet, (posted.get(entry.wallet) ?? 0n) + entry.amount)
    const wallet = state.wallets.get(entry.wallet)
    if (wallet?.asset !== entry.asset || !entry.counterAccount.endsWith(`:${entry.asset}`)) {
      found.push({ invariant: 'I8', row: { entry: entry.id } })
    }
  }
  const held = new Map<string, bigint>()
  const budgetHeld = new Map<string, bigint>()
  for (const [id, row] of state.holds) {
    const charged = state.entries.has(`charge:${id}`)
    if ((row.state === 'posted' && !charged) || (row.state === 'voided' && charged)) {
      found.push({ invariant: 'I4', row: { hold: id } })
    }
    if (row.state !== 'open') continue
    held.set(row.wallet, (held.get(row.wallet) ?? 0n) + row.amount)
    for (const key of row.budgets) budgetHeld.set(key, (budgetHeld.get(key) ?? 0n) + row.amount)
    if (row.hold.expiresAt < now - zombieMs) found.push({ invariant: 'I7', row: { hold: id } })
  }
  for (const wallet of state.wallets.values()) {
    const sum = posted.get(wallet.id) ?? 0n
    if (wallet.posted !== sum) found.push({ invariant: 'I1', row: difference(wallet.id, wallet.posted, sum) })
    const open = held.get(wallet.id) ?? 0n
    if (wallet.held !== open) found.push({ invariant: 'I2', row: difference(wallet.id, wallet.held, open) })
    if (available(wallet) < 0n || wallet.held < 0n)
      found.push({ invariant: 'I3', row: { wallet: wallet.id } })
  }
  for (const [id, { cost }] of state.usage) {
    const charged = -(state.entries.get(`charge:${id}`)?.amount ?? 0n)
    if (cost !== charged) found.push({ invariant: 'I5', row: { request: id } })
  }
  for (const [key, budget] of state.budgets) {
    if (budget.held !== (budgetHeld.get(key) ?? 0n)) found.push({ invariant: 'I6', row: { budget: key } })
  }
  return found
}

function difference(wallet: string, is: bigint, shouldBe: bigint): JsonObject {
  return { wallet, is: formatAmount(is), shouldBe: formatAmount(shouldBe) }
}
