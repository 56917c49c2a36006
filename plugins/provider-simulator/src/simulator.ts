import type { AddressInfo } from 'node:net'
import { defineProvider, GatewayError } from '@gantry/core'
import type { HttpProvider, Json, ProviderFactory, ProviderPlugin } from '@gantry/core'
import { readOptions, schema } from './options.ts'
import type { ProviderSettings, SimulatorOptions, SimulatorSettings } from './options.ts'
import { createSimulatorServer } from './server.ts'
import type { Seen } from './server.ts'

/** A request as the simulator got it. */
export interface SimulatorRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly headers: Headers
  /** The body parsed, or its text where it is no JSON. */
  readonly body: Json
  /** `aborted`: the connection went away before the answer was whole, from either side. */
  readonly state: 'open' | 'completed' | 'aborted'
  /** Status answered, once it is over. */
  readonly status?: number
}

/** A simulator that listens. */
export interface Simulator {
  /** Base URL with the version: `http://127.0.0.1:PORT/v1`. */
  readonly url: string
  /** What arrived, in order; the last 1,000. */
  readonly requests: readonly SimulatorRequest[]
  /** Stops listening and cuts every connection. Safe to call twice. */
  close(): Promise<void>
}

const rememberedRequests = 1000

/** Starts a simulator of all three wires on a loopback port, for tests. Rejects when the port is taken. */
export async function startSimulator(options: SimulatorSettings = {}): Promise<Simulator> {
  const requests: { -readonly [K in keyof SimulatorRequest]: SimulatorRequest[K] }[] = []
  const settings = readOptions({
    speaks: ['openai-chat', 'openai-responses', 'anthropic-messages'],
    ...options,
  })
  const running = await listen(settings, ({ method, path, headers, bytes }) => {
    const request: (typeof requests)[number] = { method, path, headers, body: parsed(bytes), state: 'open' }
    requests.push(request)
    if (requests.length > rememberedRequests) requests.shift()
    return (state, status) => {
      request.state = state
      request.status = status
    }
  })
  return { ...running, requests }
}

/**
 * A deterministic stand-in for a model, reached over a real loopback socket. It listens from `setup` to `close`.
 *
 * ```ts
 * providers: { sim: simulator({ pace: 20 }), claude: simulator({ speaks: 'anthropic-messages' }) }
 * ```
 */
export const simulator: ProviderFactory<SimulatorOptions | undefined> = defineProvider<
  SimulatorOptions | undefined,
  ProviderSettings
>({
  name: 'provider-simulator',
  schema,
  create: createPlugin,
})

function createPlugin(settings: ProviderSettings): ProviderPlugin {
  let running: Omit<Simulator, 'requests'> | undefined
  return {
    name: 'provider-simulator',
    async setup(host) {
      running ??= await listen(settings)
      host.logger.debug('simulator listens', { url: running.url })
    },
    async close() {
      const stopping = running
      running = undefined
      await stopping?.close()
    },
    provider: (name) => provider(name, settings, () => running?.url),
  }
}

function provider<N extends string>(
  name: N,
  settings: ProviderSettings,
  urlNow: () => string | undefined,
): HttpProvider<N> {
  const { apiKeys, models, timeouts } = settings
  return {
    name,
    speaks: settings.speaks,
    // As strict as the vendor it stands in for: thinking in plain words is no input.
    ...(settings.speaks.includes('openai-responses') && {
      quirks: { 'openai-responses': { reasoningText: false } },
    }),
    credentials: Math.max(1, apiKeys.length),
    cancelStopsBilling: settings.cancelStopsBilling,
    retryAfterSent: settings.retryAfterSent,
    ...(timeouts && { timeouts }),
    endpoint(target) {
      const url = urlNow()
      if (url === undefined) {
        throw new GatewayError({ class: 'internal', message: `The simulator ${name} is not running.` })
      }
      const { credential = 0 } = target
      const key = apiKeys[credential]
      if (key === undefined && credential > 0) {
        throw new GatewayError({
          class: 'internal',
          message: `The simulator ${name} has no credential ${credential}.`,
        })
      }
      const headers: Record<string, string> = {}
      if (key !== undefined && target.protocol === 'anthropic-messages') headers['x-api-key'] = key
      else if (key !== undefined) headers.authorization = `Bearer ${key}`
      return { url, headers }
    },
    ...(models && { models: () => models.map((id) => ({ id })) }),
  }
}

function listen(
  settings: ProviderSettings,
  seen?: (request: Omit<Seen, 'ended'>) => Seen['ended'],
): Promise<Omit<Simulator, 'requests'>> {
  const server = createSimulatorServer(settings, seen)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      resolve({
        url: `http://127.0.0.1:${port}/v1`,
        close: () =>
          new Promise<void>((done) => {
            server.close(() => done())
            server.closeAllConnections()
          }),
      })
    })
  })
}

function parsed(bytes: Buffer): Json {
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
