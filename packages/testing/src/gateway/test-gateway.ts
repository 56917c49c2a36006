import {
  createGateway,
  serve,
  type Gateway,
  type GatewayConfig,
  type GatewayOptions,
  type GatewayServer,
  type PluginOption,
  type RequestTrace,
  type ServeLimits,
  type SettleContext,
} from '@gantry/core'
import { createCaptureLogger, type CaptureLogger } from '../fake/logger.ts'
import { createRecorder, type BillRow } from './recorder.ts'

/** How requests reach a gateway: through `gateway.fetch`, or over a socket. */
export type Transport = 'process' | 'socket'

/** How to make a test gateway; everything of `createGateway` too. */
export interface TestGatewayOptions extends Omit<GatewayOptions, 'logger' | 'trace'> {
  /** `socket` by default: a real port on loopback. */
  readonly transport?: Transport
  /** `false` leaves log lines to the logger that the config brings. */
  readonly captureLog?: boolean
  /** Records everything that happens to each request in `traces`. */
  readonly trace?: boolean
  readonly serveLimits?: Partial<ServeLimits>
}

/** A composed gateway and what its phases saw. */
export interface TestGateway {
  /** Where it answers, without a slash at the end. In process the address exists only for `fetch`. */
  readonly url: string
  readonly transport: Transport
  /** Like the global one; also takes a path. Give it to an SDK as its `fetch`. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /** Every request that the log phase saw, in that order. */
  readonly requests: readonly SettleContext[]
  /** Every run of `bill.settle`. */
  readonly bills: readonly BillRow[]
  readonly logger: CaptureLogger
  /** With `trace: true`, one record a request: every hook, what it changed, what went out, why and for how much. */
  readonly traces: readonly RequestTrace[]
  readonly gateway: Gateway
  /** Waits until so many requests were logged: that is after their answers. 5 s at most unless said otherwise. */
  settled(count: number, timeoutMs?: number): Promise<readonly SettleContext[]>
  /** Cuts what runs, settles it, closes server and plugins. May be called twice. */
  close(): Promise<void>
}

/** Composes a gateway from a config with plugin objects. Throws what `createGateway` throws. */
export async function createTestGateway<R extends string, M extends string, G extends string>(
  config: GatewayConfig<R, M, G>,
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  const { transport = 'socket', captureLog = true, trace = false, serveLimits, ...gatewayOptions } = options
  const traces: RequestTrace[] = []
  const logger = createCaptureLogger()
  const recorder = createRecorder(captureLog ? logger : undefined)
  const plugins: readonly PluginOption[] = [...(config.plugins ?? []), recorder.plugin]
  const gateway = await createGateway(
    { ...config, plugins },
    { ...gatewayOptions, logger, ...(trace && { trace: (one: RequestTrace) => void traces.push(one) }) },
  )
  let server: GatewayServer | undefined
  if (transport === 'socket') {
    try {
      server = await serve(gateway, { port: 0, ...(serveLimits && { limits: serveLimits }) })
    } catch (error) {
      await gateway.close()
      throw error
    }
  }
  const url = server?.url ?? 'http://127.0.0.1'
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await server?.close({ drainTimeoutMs: 0 })
    await gateway.close()
  }
  return {
    url,
    transport,
    fetch(input, init) {
      const request =
        input instanceof Request ? new Request(input, init) : new Request(new URL(input, `${url}/`), init)
      return server ? fetch(request) : gateway.fetch(request)
    },
    requests: recorder.requests,
    bills: recorder.bills,
    logger,
    traces,
    gateway,
    settled: (count, timeoutMs = 5_000) => recorder.settled(count, timeoutMs),
    close: () => (closing ??= close()),
  }
}
