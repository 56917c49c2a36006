import { createOutbound, type Outbound } from '@gantry/wire'
import { createDebugger, createHooks, type Hookable } from 'hookable'
import type { AnyPlugin, GatewayConfig, Host, Logger } from './contract/index.ts'
import { resolveConfig } from './config/resolve.ts'
import { adoptKept } from './config/keep.ts'
import { ConfigError, type ConfigProblem } from './config/problem.ts'
import type { Blueprint } from './config/blueprint.ts'
import { compileHooks } from './hooks/compile.ts'
import { orderHooks } from './hooks/order.ts'
import { defaultDeadlines, isThenable, withDeadline, type HookDeadlines } from './hooks/run.ts'
import { defaultTimers, type PumpTimers } from './pump/types.ts'
import { createRedactor } from './redact.ts'
import { drain } from './run/drain.ts'
import { createHost } from './run/host.ts'
import { inspectRuntime, type Inspection } from './run/inspect.ts'
import { createKernel } from './run/kernel.ts'
import { plainLogger, redactingLogger } from './run/logger.ts'
import { authPromises } from './run/phase.ts'
import type { Runtime } from './run/runtime.ts'
import { defaultSettleRetries } from './run/settle.ts'
import { createTaskSet } from './run/tasks.ts'
import { createShell } from './server/index.ts'
import type { ShellLimits } from './server/index.ts'

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

const detachedDrains = 64

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
  const shell = createShell(() => kernel, options.limits)
  await bus.callHookWith(inOrder, 'ready', [])
  const gateway: Gateway & Succession = {
    [kSuccession]: { outbound: runtime.shared.outbound, handedOver },
    fetch: async (request) => shell(request),
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

/** The boot and shutdown bus. Requests never pass it: they run compiled lists. */
interface BusHooks {
  setup(host: Host): void | Promise<void>
  ready(): void | Promise<void>
  closing(): void | Promise<void>
  close(): void | Promise<void>
}

function registerPlugins(
  bus: Hookable<BusHooks>,
  plugins: readonly AnyPlugin[],
  runtime: Runtime,
  started: AnyPlugin[],
  handedOver: ReadonlySet<unknown>,
): void {
  for (const plugin of plugins) {
    bus.hook('setup', async (host) => {
      // Set up by the generation before.
      if (handedOver.has(plugin)) {
        started.push(plugin)
        return
      }
      // Also a plugin whose setup fails halfway gets its close: it knows what it had opened.
      started.push(plugin)
      await boot(plugin, host, runtime.deadlines.setup)
    })
    bus.hook('close', async () => {
      if (!plugin.close || !started.includes(plugin) || handedOver.has(plugin)) return
      try {
        const made = plugin.close()
        if (isThenable(made)) await withDeadline(made, runtime.deadlines.close, `close of ${plugin.name}`)
      } catch (cause) {
        runtime.logger.error(`close of ${plugin.name} failed`, { cause })
      }
    })
  }
}

async function boot(plugin: AnyPlugin, host: Host, deadline: number): Promise<void> {
  try {
    const made = plugin.setup?.(host)
    if (isThenable(made)) await withDeadline(made, deadline, `setup of ${plugin.name}`)
  } catch (cause) {
    if (ConfigError.is(cause)) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(
      [
        {
          code: 'SETUP_FAILED',
          severity: 'error',
          path: plugin.name,
          message: `could not be set up: ${message}`,
        },
      ],
      {
        cause,
      },
    )
  }
}

function createRuntime(
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
  const table = orderHooks(blueprint.plugins)
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
    lastCall,
    shared: {
      outbound: outbound ?? createOutbound(),
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

type BusCallback = (...args: never[]) => void | Promise<void>

/** Our own caller: `callHook` makes an async task for devtools on every call. */
async function inOrder(hooks: readonly BusCallback[], args: readonly unknown[]): Promise<void> {
  for (const hook of hooks) await hook(...(args as never[]))
}

async function inReverse(hooks: readonly BusCallback[], args: readonly unknown[]): Promise<void> {
  for (const hook of hooks.toReversed()) await hook(...(args as never[]))
}
