import type { State } from './state.ts'

/** Holds that are remembered, ended ones included: enough for every retry, and memory stays bounded. */
export const holdsKept = 50_000

/** Lets the oldest ended holds go, with their entries and usage; their sum is carried, so balances stay provable. */
export function forgetOldest(state: State, kept: number = holdsKept): void {
  if (state.holds.size <= kept) return
  let excess = state.holds.size - kept
  for (const [id, row] of state.holds) {
    if (excess === 0) return
    if (row.state === 'open') continue
    const entry = state.entries.get(`charge:${id}`)
    if (entry?.wallet) {
      state.carried.set(entry.wallet, (state.carried.get(entry.wallet) ?? 0n) + entry.amount)
    }
    state.entries.delete(`charge:${id}`)
    state.entries.delete(`writeoff:${id}`)
    state.usage.delete(id)
    state.holds.delete(id)
    excess--
  }
}
