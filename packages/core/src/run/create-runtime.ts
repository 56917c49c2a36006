import { createOutbound, type Outbound } from '@gantry/wire'
import type { Blueprint } from '../config/blueprint.ts'
import type { GatewayOptions } from '../gateway.ts'
import { compileHooks } from '../hooks/compile.ts'
import { orderHooks } from '../hooks/order.ts'
import { defaultDeadlines } from '../hooks/run.ts'
import { defaultTimers } from '../pump/types.ts'
import { createRedactor } from '../redact.ts'
import { createTracer } from '../trace/tracer.ts'
import { traceHooks } from '../trace/wrap.ts'
import { createHost } from './host.ts'
import { createLastCall } from './last-call.ts'
import { plainLogger, redactingLogger } from './logger.ts'
import { authPromises } from './phase.ts'
import type { Runtime } from './runtime.ts'
import { defaultSettleRetries } from './settle.ts'
import { createTaskSet } from './tasks.ts'

/** Detached drains of clients that left, at once. */
const detachedDrains = 64

/** Everything the phases share, from a checked blueprint. `outbound` is the one of the generation before, if any. */
export function createRuntime(
  blueprint: Blueprint,
  options: GatewayOptions,
  lastCall: AbortSignal,
  outbound?: Outbound,
): Runtime {
  const redact = createRedactor(blueprint.secrets)
  const chosen =
    blueprint.plugins.findLast((plugin) => plugin.logger)?.logger ?? options.logger ?? plainLogger()
  const logger = redactingLogger(chosen, redact)
  const tasks = createTaskSet((cause) => logger.error('a background task failed', { cause }))
  const tracer = options.trace && createTracer(options.trace, redact)
  const ordered = orderHooks(blueprint.plugins)
  const table = tracer ? traceHooks(ordered, tracer) : ordered
  const server = blueprint.config.server ?? {}
  const prefix = server.headerPrefix ?? 'x-gantry'
  let drains = 0
  return {
    blueprint,
    table,
    hooks: compileHooks(table),
    host: createHost(blueprint, logger, tasks),
    logger,
    redact,
    tasks,
    deadlines: { ...defaultDeadlines, ...options.deadlines },
    settleRetries: options.settleRetries ?? defaultSettleRetries,
    active: new Set(),
    promises: authPromises(blueprint.plugins),
    lastCall: createLastCall(lastCall),
    shared: {
      outbound: outbound ?? createOutbound(),
      ...(tracer ? { tracer } : {}),
      logger,
      redact,
      timers: {
        ...defaultTimers,
        ...(server.commitAfterMs === undefined ? {} : { commitAfter: server.commitAfterMs }),
        ...options.timers,
      },
      takeDrain: () => {
        if (drains >= detachedDrains) return false
        drains++
        return true
      },
      releaseDrain: () => void drains--,
    },
    protocol: (name) => blueprint.slots.protocol.get(name),
    headerName: (name) => (prefix === false || prefix === '' ? undefined : `${prefix}-${name}`),
  }
}
