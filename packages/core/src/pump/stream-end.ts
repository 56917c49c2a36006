import type { GatewayErrorData } from '../model/index.ts'
import type { Outcome } from '../contract/index.ts'
import { publicError } from '../run/public-error.ts'
import type { StreamLine } from './line.ts'
import type { AttemptEnd, AttemptPlan } from './types.ts'

/** What a stream left, for money. */
export function endOf(
  outcome: Outcome,
  line: StreamLine,
  more: {
    readonly error: GatewayErrorData | undefined
    readonly firstOutputAt: number | undefined
    readonly relayed: boolean | undefined
  },
): AttemptEnd {
  const { usage, outputBytes } = line
  const finish = outcome === 'cut' ? ({ reason: 'length' } as const) : line.finish
  return {
    outcome,
    outputBytes,
    ...(usage ? { usage } : {}),
    ...(finish ? { finish } : {}),
    ...(more.error ? { error: more.error } : {}),
    ...(more.firstOutputAt === undefined ? {} : { firstOutputAt: more.firstOutputAt }),
    ...(more.relayed === undefined ? {} : { relayed: more.relayed }),
  }
}

/** Writes an error into a stream that has begun, in words fit for a client. `false` when it cannot be said. */
export function sayError(plan: AttemptPlan, line: StreamLine, error: GatewayErrorData): boolean {
  try {
    line.fail(publicError(error, plan.shared.redact))
    return true
  } catch (cause) {
    plan.shared.logger.error('an error could not be encoded', { id: plan.state.id, cause })
    return false
  }
}
