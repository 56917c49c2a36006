import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type Logger,
  serve,
  type ServerOptions,
} from '@gantry/core'
import { UserError } from '../user-error.ts'
import { createAdmin } from '../control/admin.ts'
import { isLive } from '../control/client.ts'
import type { RunCommand } from '../control/commands.ts'
import { type ControlServer, openControl } from '../control/server.ts'
import { notice } from './notice.ts'
import type { Session } from './session.ts'

/** How to serve a config. */
export interface ServeOptions {
  readonly host?: string | undefined
  /** Tried in order until one is free; the config's own by default. */
  readonly ports?: readonly number[] | undefined
  /** Instead of what the log plugin brings. */
  readonly logger?: Logger | undefined
  /** Prints boot and shutdown hooks with their times. */
  readonly debug?: boolean | undefined
  /** Told everything that happened to each request. */
  readonly trace?: GatewayOptions['trace']
  /** Told once requests are taken. */
  onReady(ready: {
    readonly url: string
    readonly run: RunCommand
    readonly gateway: Gateway
    /** Serves another gateway from now on. The one before is yours to drain and close. */
    replace(next: Gateway): void
    /** Stopped with the gateway: `halt` before the server, `close` when it is down and before the gateway closes. */
    accompany(companion: Companion): void
  }): void | Promise<void>
}

/** Something that runs beside a gateway and leaves it gateways to close. */
export interface Companion {
  halt(): Promise<void>
  close(): Promise<void>
}

const defaultPort = 8787

/**
 * Serves a config with its control socket until SIGINT or SIGTERM, then drains: no new requests, running ones end.
 * A second signal ends the process at once.
 */
export async function runUntilStopped(session: Session, options: ServeOptions): Promise<void> {
  if (await isLive(session.socket)) {
    throw new UserError({
      message: `A gateway of this config is running already: it answers on ${session.socket}.`,
      fix: 'Stop it first, or give this one another store or server.controlSocket.',
    })
  }
  const stopped = stopSignal()
  const undo: (() => Promise<unknown>)[] = []
  try {
    let gateway = await createGateway(session.config, {
      ...(options.logger && { logger: options.logger }),
      debug: options.debug ?? false,
      ...(options.trace && { trace: options.trace }),
    })
    undo.push(() => gateway.close())
    for (const problem of gateway.problems) {
      const place = problem.path === undefined ? '' : `${problem.path}: `
      notice.warn(`${place}${problem.message}${problem.fix === undefined ? '' : ` ${problem.fix}`}`)
    }
    // An older generation may still settle into a store that is this one's to close.
    const companions: Companion[] = []
    undo.push(async () => companions[0]?.close())
    // Undone after the server: a key may have to be revoked while the last requests end.
    const controls: ControlServer[] = []
    undo.push(async () => controls[0]?.close())
    const server = await listen(gateway, session, options)
    undo.push(() => server.close())
    const { url } = server
    let admin = createAdmin({ host: gateway.host, url })
    controls.push(await openControl(session.socket, (command, input) => admin.handle(command, input)))
    await options.onReady({
      url,
      run: admin.run,
      gateway,
      replace(next) {
        gateway = next
        admin = createAdmin({ host: next.host, url })
        server.swap(next)
      },
      accompany(companion) {
        companions.push(companion)
        undo.push(() => companion.halt())
      },
    })
    const signal = await stopped.promise
    notice.info(`${signal}: finishing the requests that run. Once more ends them.`)
  } catch (error) {
    await undoAll(undo).catch(() => {})
    stopped.dispose()
    throw error
  }
  await undoAll(undo).finally(() => stopped.dispose())
}

/** Undoes everything, the last first, also when a step fails: what comes after it may hold money. */
async function undoAll(steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const step of steps.toReversed()) await step().catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw errors[0]
}

async function listen(
  gateway: Gateway,
  session: Session,
  { host, ports }: ServeOptions,
): Promise<Awaited<ReturnType<typeof serve>>> {
  const configured = session.config.server
  const [first = configured?.port ?? defaultPort, ...others] = ports ?? []
  const how = listenOptions(configured, host)
  let port = first
  for (;;) {
    try {
      return await serve(gateway, { ...how, port })
    } catch (error) {
      const next = others.shift()
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || next === undefined) throw error
      port = next
    }
  }
}

/** How the server listens, by the config; `host` is the flag. */
export function listenOptions(
  server: ServerOptions | undefined,
  host: string | undefined,
): Omit<NonNullable<Parameters<typeof serve>[1]>, 'port'> {
  const { trustedProxies = [], drainTimeoutMs } = server ?? {}
  return {
    host: host ?? server?.host ?? '127.0.0.1',
    ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
    // A proxy's connections are those of all its clients.
    ...(trustedProxies.length === 0
      ? {}
      : { limits: { uncountedAddresses: ['loopback', ...trustedProxies] } }),
  }
}

/** The first SIGINT or SIGTERM; the second one ends the process with the code shells expect. */
function stopSignal(): { readonly promise: Promise<NodeJS.Signals>; dispose(): void } {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    resolve(signal)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    promise,
    dispose() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
