import { createBudget } from './budget.ts'
import { shellLimits, type ShellLimits } from './limits.ts'
import { createRequestIds } from './request-id.ts'

/** What every way in has in common, and what outlives a kernel: bodies under way count together. */
export interface Shared {
  readonly newId: () => string
  readonly budget: ReturnType<typeof createBudget>
  /** What connections remember between requests: it stays for hours, so it may not take the place of bodies. */
  readonly memories: ReturnType<typeof createBudget>
  readonly limits: ReturnType<typeof shellLimits>
}

/** Ids and bounds for the ways into one gateway. */
export function createShared(limits?: Partial<ShellLimits>): Shared {
  const resolved = shellLimits(limits)
  return {
    newId: createRequestIds(),
    budget: createBudget(resolved.maxInFlightBodyBytes),
    memories: createBudget(Math.floor(resolved.maxInFlightBodyBytes / 2)),
    limits: resolved,
  }
}
