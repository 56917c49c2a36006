import type { Readable } from 'node:stream'
import { Pool } from 'undici'
import { WireError } from './error.ts'
import { exchange } from './exchange.ts'
import { defaultTimeouts, type Timeouts } from './timeouts.ts'

/** One request to an upstream. */
export interface OutboundRequest {
  /** Absolute, http or https. */
  readonly url: string
  /** The provider's own scheme, host and port: where the key may go. */
  readonly origin: string
  readonly method: string
  /** Connection headers and `accept-encoding` among them are ours and are left out. */
  readonly headers: { readonly [name: string]: string }
  readonly body?: Uint8Array | string
  /** Closes the connection when it aborts, at any stage. */
  readonly signal?: AbortSignal
  readonly timeouts?: Partial<Timeouts>
}

/** The head of an answer and its body, unread. */
export interface OutboundResponse {
  readonly status: number
  readonly headers: Headers
  /**
   * Decoded where the upstream compressed. Errors are `WireError`s; destroying it closes the connection;
   * not reading it pauses the upstream.
   */
  readonly body: Readable
}

/** The one HTTP client: a pool of connections an origin, timers, no redirect, no ambient proxy. */
export interface Outbound {
  /** Rejects with `WireError` only. */
  request(request: OutboundRequest): Promise<OutboundResponse>
  /** Waits for what is running, then closes every connection. */
  close(): Promise<void>
  /** Cuts what is running and closes every connection. */
  destroy(): Promise<void>
}

/** Makes the client. Nothing connects before the first request. */
export function createOutbound(options?: {
  /** Connections an origin; 2,048 when absent. Further requests wait, within their connect timeout. */
  readonly connections?: number
  readonly timeouts?: Partial<Timeouts>
}): Outbound {
  const connections = options?.connections ?? 2048
  const timeouts: Timeouts = { ...defaultTimeouts, ...options?.timeouts }
  const pools = new Map<string, Pool>()
  let closed = false

  function poolOf(origin: string): Pool {
    let pool = pools.get(origin)
    if (pool === undefined) {
      pool = new Pool(origin, {
        connections,
        pipelining: 1,
        // One request a connection, so that an abort can close it without touching others.
        allowH2: false,
        // Ours run per request and know the stage; a socket that nobody waits for still has an end.
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: { timeout: Math.min(Math.max(timeouts.connect, 1_000) * 2, 120_000) },
      })
      pools.set(origin, pool)
    }
    return pool
  }

  return {
    async request(request) {
      if (closed) throw new WireError('connect', 'The outbound client is closed.')
      // Origins that have a pool are in their canonical form already: one URL is read, not two.
      const url = targetOf(
        request,
        pools.has(request.origin) ? request.origin : parse(request.origin)?.origin,
      )
      const limits = request.timeouts ? { ...timeouts, ...request.timeouts } : timeouts
      return await exchange(poolOf(url.origin), url.pathname + url.search, request, limits)
    },
    async close() {
      closed = true
      await Promise.all([...pools.values()].map((pool) => (pool.destroyed ? undefined : pool.close())))
    },
    async destroy() {
      closed = true
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

/** Refuses a URL that is not of the provider's origin, before anything connects: the key can go nowhere else. */
function targetOf(request: OutboundRequest, origin: string | undefined): URL {
  const url = parse(request.url)
  if (url === undefined || origin === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new WireError('wrong_origin', 'The upstream URL is not an absolute http or https URL.')
  }
  // `origin` is scheme, host and port in their canonical form; credentials in a URL would be a second key.
  if (url.origin !== origin || url.username !== '' || url.password !== '') {
    throw new WireError('wrong_origin', `The upstream URL is not of the provider's origin ${origin}.`)
  }
  return url
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
