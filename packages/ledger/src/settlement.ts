import type { Finish, Outcome, Usage } from '@gantry/core'

/** What is known of a request when it is over. */
export interface SettlementInput {
  readonly outcome: Outcome
  /** The best usage core has. */
  readonly usage: Usage
  /** Whether any output reached the client; true for a whole reply that was sent. */
  readonly delivered: boolean
  readonly finish?: Finish
  /** Delivered output counted by us, for the rows where the upstream said nothing usable. */
  readonly fallback?: Usage
  /** Charge for what was delivered before an upstream died. Default true. */
  readonly chargePartial?: boolean
}

/** Which usage to charge. `source` goes into the usage row; `none` is a charge of 0. */
export interface SettlementDecision {
  readonly usage: Usage
  readonly source: Usage['source']
}

/**
 * The settlement table: which usage a request is charged by, and where its numbers come from.
 * Usage of the upstream counts as it is, explicit zeros included; numbers of our own only for what was delivered.
 */
export function settlementOf(input: SettlementInput): SettlementDecision {
  const { outcome, usage, delivered } = input
  const own = input.fallback ?? usage
  switch (outcome) {
    case 'completed':
      if (!delivered && blank(input.finish)) return nothing
      if (isReported(usage)) return { usage, source: usage.source }
      return counted(own, 'estimated')
    case 'refused':
      return nothing
    case 'failed':
      if (!delivered || input.chargePartial === false) return nothing
      return isReported(usage) ? { usage, source: usage.source } : counted(own, 'observed')
    case 'aborted':
    case 'cut':
      if (isReported(usage)) return { usage, source: usage.source }
      // Nothing delivered and nothing reported: a full prompt must not be charged by accident.
      return delivered ? counted(own, 'observed') : nothing
    case 'recovered':
      return { usage, source: 'recovered' }
  }
}

/** Whether every count is a whole number that is not negative. */
export function isValidUsage(usage: Usage): boolean {
  const groups = [usage.tokens, usage.units ?? {}, ...(usage.nested ?? []).map((nested) => nested.tokens)]
  return groups.every((counts) =>
    Object.values(counts).every(
      (count) => count === undefined || (Number.isSafeInteger(count) && count >= 0),
    ),
  )
}

const empty: Usage = { tokens: {}, source: 'none', final: true }
const nothing: SettlementDecision = { usage: empty, source: 'none' }

function isReported(usage: Usage): boolean {
  return usage.source === 'upstream' && isValidUsage(usage)
}

function counted(usage: Usage, source: 'estimated' | 'observed'): SettlementDecision {
  if (usage.source === 'none' || !isValidUsage(usage)) return nothing
  return { usage: usage.source === source ? usage : { ...usage, source }, source }
}

function blank(finish: Finish | undefined): boolean {
  return finish === undefined || finish.reason === 'error' || finish.reason === 'other'
}
