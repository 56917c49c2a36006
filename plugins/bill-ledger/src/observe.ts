import type { AttemptContext, Usage } from '@gantry/core'
import type { Bill } from './bill.ts'
import { costOf } from './price.ts'
import { billState, type BillState } from './state.ts'

/**
 * Watches what a running stream costs. At 80 % of the hold an extension is started and not waited for; when it was
 * refused, the next look ends the stream, so that it never runs far beyond what the customer has.
 */
export function observe(bill: Bill, context: AttemptContext, usage: Usage): void | 'stop' {
  const state = context.peek(billState)
  if (!state || state.initial === 0n) return
  if (state.refused) return 'stop'
  const lines = bill.host.price({
    moment: 'settle',
    operation: context.operation,
    model: state.model,
    target: context.target,
    usage,
    at: context.receivedAt,
    peek: (key) => context.peek(key),
  })
  const { cost } = costOf(lines, state.asset)
  if (cost === undefined) return 'stop'
  if (cost * 5n < state.amount * 4n || state.extending) return
  // The store was away at the last try and the hold is used up: nothing more goes out unpaid.
  if (state.failed && cost >= state.amount) return 'stop'
  const by = state.initial + (cost > state.amount ? cost - state.amount : 0n)
  state.extending = true
  bill.host.task(extend(bill, context.id, state, by, cost))
}

async function extend(bill: Bill, id: string, state: BillState, by: bigint, cost: bigint): Promise<void> {
  try {
    if (await bill.ledger.extend(id, by, cost)) {
      state.amount += by
      state.failed = false
    } else state.refused = true
  } catch (cause) {
    state.failed = true
    bill.host.logger.warn('a hold could not be extended', { id, cause })
  } finally {
    state.extending = false
  }
}
