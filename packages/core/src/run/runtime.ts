import type { GatewayErrorData } from '../model/index.ts'
import type { Host, KeyRef, Logger, Protocol } from '../contract/index.ts'
import type { Blueprint } from '../config/blueprint.ts'
import type { CompiledHooks } from '../hooks/compile.ts'
import type { HookTable } from '../hooks/order.ts'
import type { HookDeadlines } from '../hooks/run.ts'
import type { PumpShared } from '../pump/types.ts'
import type { ActiveRequest } from './active.ts'
import type { LastCall } from './last-call.ts'
import type { TaskSet } from './tasks.ts'

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
  /** What each auth plugin has promised to write by the end of auth. */
  readonly promises: ReadonlyMap<string, readonly KeyRef[]>
  /** Why no further request is taken, once the time of the gateway is over. */
  refusal?: GatewayErrorData
  /** Aborts when settlements have to come to an end: what is not stored by then is written to the log. */
  readonly lastCall: LastCall
  protocol(name: string): Protocol | undefined
  /** A response header of ours under the configured prefix; undefined where there is none. */
  headerName(name: string): string | undefined
}
