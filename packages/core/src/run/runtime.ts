import type { GatewayErrorData } from '../model/index.ts'
import type { Host, Logger, Protocol } from '../contract/index.ts'
import type { Blueprint } from '../config/blueprint.ts'
import type { CompiledHooks } from '../hooks/compile.ts'
import type { HookTable } from '../hooks/order.ts'
import type { HookDeadlines } from '../hooks/run.ts'
import type { PumpShared } from '../pump/types.ts'
import type { RequestContext } from './context.ts'
import type { TaskSet } from './tasks.ts'

/** A request that is under way, and how to end it from outside. */
export interface ActiveRequest {
  readonly context: RequestContext
  cut?: (error: GatewayErrorData) => void
}

/** Everything the phases share; made once per gateway. */
export interface Runtime {
  readonly blueprint: Blueprint
  readonly table: HookTable
  readonly hooks: CompiledHooks
  readonly host: Host
  readonly logger: Logger
  readonly redact: (text: string) => string
  readonly tasks: TaskSet
  readonly shared: PumpShared
  readonly deadlines: HookDeadlines
  /** Waits before a failed settlement is tried again, in milliseconds. */
  readonly settleRetries: readonly number[]
  readonly active: Set<ActiveRequest>
  protocol(name: string): Protocol | undefined
  /** A response header of ours under the configured prefix; undefined where there is none. */
  headerName(name: string): string | undefined
}
