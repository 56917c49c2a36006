import type { Usage } from '../model/index.ts'
import type { PriceLine, Protocol } from '../contract/index.ts'
import type { GroupPlan } from '../config/blueprint.ts'
import type { Ending, RequestContext } from './context.ts'
import type { KernelRoute } from './exchange.ts'
import type { ActiveRequest, Runtime } from './runtime.ts'

/** One request under way; what its steps hand on to each other. */
export interface Journey {
  readonly runtime: Runtime
  readonly route: KernelRoute
  readonly protocol: Protocol
  readonly context: RequestContext
  readonly active: ActiveRequest
  /** Price lines of child requests. */
  readonly childLines: PriceLine[]
  /** What they used together. */
  childUsage?: Usage
  group?: GroupPlan
  /** Ends the request for money and log; only the first call counts. */
  finish(ending: Ending): void
}
