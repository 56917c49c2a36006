import type { Usage } from '../model/index.ts'
import type { PriceLine, Protocol } from '../contract/index.ts'
import type { GroupPlan } from '../config/blueprint.ts'
import { createActive, type ActiveRequest } from './active.ts'
import { RequestContext, type Ending } from './context.ts'
import type { Incoming, KernelRoute } from './exchange.ts'
import type { Runtime } from './runtime.ts'
import { finishRequest } from './settle.ts'
import type { GuardedWire } from './wire-request.ts'

/** One request under way; what its steps hand on to each other. */
export interface Journey {
  readonly runtime: Runtime
  readonly route: KernelRoute
  readonly protocol: Protocol
  readonly context: RequestContext
  readonly wire: GuardedWire
  readonly active: ActiveRequest
  /** Price lines of child requests. */
  readonly childLines: PriceLine[]
  /** What they used together. */
  childUsage?: Usage
  /** Child requests that run: their costs belong to this request, so it is not settled before they end. */
  readonly children: Set<Promise<unknown>>
  /** How many there were in all. */
  childCount: number
  group?: GroupPlan
  /** Money is held, or this operation needs none: the upstream may be asked. */
  mayAsk: boolean
  isFinished: boolean
  /** Counts further bytes as this request's, until it is over. Throws `GatewayError` where all together are too many. */
  hold(bytes: number): void
  /** Ends the request for money and log; only the first call counts. */
  finish(ending: Ending): void
}

/** Begins a request: it is under way until it is finished, and finished once. */
export function beginJourney(
  runtime: Runtime,
  route: KernelRoute,
  incoming: Incoming,
  wire: GuardedWire,
): Journey {
  const { id, signal, receivedAt, remoteAddress } = incoming
  const { protocol, operation } = route
  const context = new RequestContext({
    id,
    signal,
    protocol,
    operation,
    wire,
    receivedAt,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  })
  const active = createActive(context)
  runtime.active.add(active)
  const journey: Journey = {
    runtime,
    route,
    protocol: runtime.protocol(protocol)!,
    context,
    wire,
    active,
    childLines: [],
    children: new Set(),
    childCount: 0,
    mayAsk: false,
    isFinished: false,
    hold: (bytes) => incoming.hold?.(bytes),
    finish(ending) {
      if (journey.isFinished) return
      journey.isFinished = true
      context.ms = context.elapsed()
      incoming.release()
      const settle = (): void => {
        context.unlink()
        try {
          finishRequest(runtime, context, ending, { lines: journey.childLines, usage: journey.childUsage })
        } catch (cause) {
          runtime.logger.error('a request could not be settled', { id, outcome: ending.outcome, cause })
        } finally {
          runtime.active.delete(active)
        }
      }
      if (journey.children.size === 0) settle()
      else runtime.tasks.add(Promise.allSettled(journey.children).then(settle))
    },
  }
  return journey
}
