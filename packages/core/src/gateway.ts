import type { Outbound } from '@gantry/wire'
import { createDebugger, createHooks, type Hookable } from 'hookable'
import type { AnyPlugin, GatewayConfig, Host, Logger } from './contract/index.ts'
import { resolveConfig } from './config/resolve.ts'
import { adoptKept } from './config/keep.ts'
import { ConfigError, type ConfigProblem } from './config/problem.ts'
import type { Blueprint } from './config/blueprint.ts'
import { withDeadline, type HookDeadlines } from './hooks/run.ts'
import type { PumpTimers } from './pump/types.ts'
import { createRuntime } from './run/create-runtime.ts'
import { drain } from './run/drain.ts'
import { inspectRuntime, type Inspection } from './run/inspect.ts'
import { createKernel } from './run/kernel.ts'
import { inOrder, inReverse, registerPlugins, type BusHooks } from './run/lifecycle.ts'
import type { Runtime } from './run/runtime.ts'
import type { RequestTrace } from './trace/types.ts'
import { createShared, createShell, createSockets } from './server/index.ts'
import type { GatewaySockets, ShellLimits } from './server/index.ts'

/** What a composition can be given besides its config; tests use most of it. */
export interface GatewayOptions {
  /** Where lines go when no plugin brings a logger. */
  readonly logger?: Logger
  readonly timers?: Partial<PumpTimers>
  readonly deadlines?: Partial<HookDeadlines>
  readonly limits?: Partial<ShellLimits>
  /** Waits before a failed settlement is tried again, in milliseconds. */
  readonly settleRetries?: readonly number[]
  /** Prints boot and shutdown hooks with their times. */
  readonly debug?: boolean
  /** Told everything that happened to each request, when it is over. For people who look, not for production. */
  readonly trace?: (trace: RequestTrace) => void
  /**
   * The gateway that this one follows. Plugins that say `keep` and whose options are equal are taken over from it, and so are its
   * upstream connections; closing it leaves them alone. It goes on serving until it is drained and closed.
   */
  readonly previous?: Gateway
}

/** Events of a gateway's life. */
export type GatewayEventName = 'ready' | 'close'

/** A composed gateway, set up and ready for requests. It listens on nothing; see `serve`. */
export interface Gateway {
  /** A web request to a web response: mounts inside any server. */
  fetch(request: Request): Promise<Response>
  /** Its WebSockets; `serve` opens them. */
  readonly sockets: GatewaySockets
  /** Hook order, routes, stores. */
  inspect(): Inspection
  readonly host: Host
  /** Warnings found at boot. */
  readonly problems: readonly ConfigProblem[]
  readonly plugins: readonly AnyPlugin[]
  /** Calls back when the gateway is ready (at once if it is) or about to close; returns how to stop listening. */
  on(event: GatewayEventName, listener: () => void | Promise<void>): () => void
  /** Lets requests finish for at most `timeoutMs`, ends the rest with an error they can read, and waits for settlements. */
  drain(timeoutMs: number): Promise<void>
  /** Drains without waiting, then closes plugins in reverse order. */
  close(): Promise<void>
}

/** Checks a configuration without setting anything up. */
export function checkConfig<R extends string, M extends string, G extends string>(
  config: GatewayConfig<R, M, G>,
): Blueprint {
  return resolveConfig(config)
}

/**
 * Composes a gateway: resolves and checks the config, then sets plugins up in order.
 * Throws `ConfigError` with every problem found; what was started by then is closed again.
 */
export async function createGateway<R extends string, M extends string, G extends string>(
  config: GatewayConfig<R, M, G>,
  options: GatewayOptions = {},
): Promise<Gateway> {
  const { previous } = options
  const from = previous && (previous as Gateway & Succession)[kSuccession]
  const adoption = adoptKept(config, previous?.plugins ?? [])
  const blueprint = resolveConfig(adoption.config)
  const errors = blueprint.problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0) throw new ConfigError(errors)
  const last = new AbortController()
  const runtime = createRuntime(blueprint, options, last.signal, from?.outbound)
  const bus = createHooks<BusHooks>()
  if (options.debug) createDebugger(bus, { tag: 'gantry' })
  const handedOver = new Set<unknown>(adoption.adopted)
  if (from) handedOver.add(from.outbound)
  const close = createCloser(runtime, bus, handedOver, last)
  const started: AnyPlugin[] = []
  registerPlugins(bus, blueprint.plugins, runtime, started, handedOver)
  try {
    await bus.callHookWith(inOrder, 'setup', [runtime.host])
    // Last, when nothing can fail any more but they: until here they belong to the generation that serves.
    for (const plugin of adoption.adopted) await plugin.adopt?.(runtime.host)
  } catch (error) {
    await close()
    throw error
  }
  for (const inherited of adoption.adopted) from?.handedOver.add(inherited)
  if (from) from.handedOver.add(from.outbound)
  handedOver.clear()
  const kernel = createKernel(runtime)
  const shared = createShared(options.limits)
  const shell = createShell(() => kernel, options.limits, shared)
  await bus.callHookWith(inOrder, 'ready', [])
  const gateway: Gateway & Succession = {
    [kSuccession]: { outbound: runtime.shared.outbound, handedOver },
    fetch: async (request) => shell(request),
    sockets: createSockets(kernel, shared),
    inspect: () => inspectRuntime(runtime),
    host: runtime.host,
    problems: blueprint.problems,
    plugins: blueprint.plugins,
    on: (event, listener) => {
      const heard = (): Promise<void> => hear(runtime, event, listener)
      if (event === 'ready') void heard()
      return bus.hook(event === 'close' ? 'closing' : 'ready', heard)
    },
    drain: (timeoutMs) => drain(runtime, timeoutMs, () => last.abort()),
    close,
  }
  return gateway
}

const kSuccession: unique symbol = Symbol('gantry.succession')

/** What a gateway leaves to the one after it. */
interface Succession {
  readonly [kSuccession]: {
    readonly outbound: Outbound
    /** Plugins and connections that are somebody else's to close. */
    readonly handedOver: Set<unknown>
  }
}

/** A listener outside is no part of the gateway: what it throws is logged, and it does not hold the close up. */
async function hear(
  runtime: Runtime,
  event: GatewayEventName,
  listener: () => void | Promise<void>,
): Promise<void> {
  const who = `a listener of "${event}"`
  try {
    await withDeadline(Promise.resolve().then(listener), runtime.deadlines.close, who)
  } catch (cause) {
    runtime.logger.error(`${who} failed`, { cause })
  }
}

function createCloser(
  runtime: Runtime,
  bus: Hookable<BusHooks>,
  handedOver: ReadonlySet<unknown>,
  last: AbortController,
): () => Promise<void> {
  let closing: Promise<void> | undefined
  const run = async (): Promise<void> => {
    await bus.callHookWith(inOrder, 'closing', [])
    await drain(runtime, 0, () => last.abort())
    await bus.callHookWith(inReverse, 'close', [])
    if (!handedOver.has(runtime.shared.outbound)) await runtime.shared.outbound.destroy()
  }
  return () => (closing ??= run())
}
