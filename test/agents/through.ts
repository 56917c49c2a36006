import { startSimulator } from '@gantry/provider-simulator'
import type { Simulator } from '@gantry/provider-simulator'
import { startGateway } from '../support/gateway.ts'
import type { Endpoint } from './codex.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname

/** Each kind of upstream, and where it is asked. */
export const upstreams = [
  ['chat', '/v1/chat/completions'],
  ['responses', '/v1/responses'],
  ['messages', '/v1/messages'],
] as const

/** A gateway in a process of its own, with one simulator behind it that is all three upstreams. */
export interface Through {
  /** Where an agent asks, so that this kind of upstream answers. */
  endpoint(upstream: string, model: string): Promise<Endpoint>
  /** Forgets what was asked so far. */
  forget(): void
  /** What the upstream was asked, and how it answered; with the request where it refused. */
  asked(): readonly string[]
  /** How often something is in the last request to the upstream. */
  sent(pattern: RegExp): number
  close(): Promise<void>
}

/** Starts both; `pace` is the upstream's, in milliseconds a token. */
export async function startThrough(pace = 0): Promise<Through> {
  const simulator: Simulator = await startSimulator({ apiKey: 'the-upstream-key', pace })
  const gateway = await startGateway(config, { GANTRY_TEST_UPSTREAM: simulator.url })
  const keys = new Map<string, Promise<string>>()
  let before = 0
  return {
    async endpoint(upstream, model) {
      const key = keys.get(upstream) ?? gateway.key(upstream)
      keys.set(upstream, key)
      return { url: gateway.url, key: await key, model }
    },
    forget() {
      before = simulator.requests.length
    },
    asked: () =>
      simulator.requests.slice(before).map(({ method, path, status, body }) => {
        const refused = status === 200 ? '' : ` ${JSON.stringify(body).slice(0, 2000)}`
        return `${method} ${path} ${status}${refused}`
      }),
    sent: (pattern) => [...JSON.stringify(simulator.requests.at(-1)?.body).matchAll(pattern)].length,
    async close() {
      await gateway.stop()
      await simulator.close()
    },
  }
}
