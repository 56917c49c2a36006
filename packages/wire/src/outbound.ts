import { Pool } from 'undici'
import type { ByteBody } from './byte-body.ts'
import { WireError } from './error.ts'
import { exchange } from './exchange.ts'
import { defaultTimeouts, type Timeouts } from './timeouts.ts'

/** One request to an upstream. */
export interface OutboundRequest {
  /** Absolute, http or https. */
  readonly url: string
  /** A URL of the provider's own scheme, host and port: where the key may go. Its path does not count. */
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
  /** Made when they are first asked for: most answers are told by their content type alone. */
  readonly headers: Headers
  /** Empty when there is none. */
  readonly contentType: string
  /**
   * Decoded where the upstream compressed. Errors are `WireError`s; destroying it closes the connection;
   * not reading it pauses the upstream.
   */
  readonly body: ByteBody
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

  const urls = createUrlReader()

  return {
    request(request) {
      if (closed) return Promise.reject(new WireError('connect', 'The outbound client is closed.'))
      try {
        const target = targetOf(urls(request.url), urls(request.origin))
        const limits = request.timeouts ? { ...timeouts, ...request.timeouts } : timeouts
        return exchange(poolOf(target.origin), target.path, request, limits)
      } catch (error) {
        return Promise.reject(error)
      }
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

/** What of a URL a request needs. */
interface Place {
  /** Scheme, host and port in their canonical form. */
  readonly origin: string
  readonly path: string
  readonly isHttp: boolean
  /** They would be a second key. */
  readonly hasCredentials: boolean
}

/** URLs kept as read. A gateway has a few for each model. */
const mostUrls = 1_000

/** Reads URLs, each once: a provider's are the same with every request. */
function createUrlReader(): (text: string) => Place | undefined {
  const known = new Map<string, Place | undefined>()
  return (text) => {
    if (known.has(text)) return known.get(text)
    const place = parse(text)
    if (known.size >= mostUrls) known.clear()
    known.set(text, place)
    return place
  }
}

/** Refuses a URL that is not of the provider's origin, before anything connects: the key can go nowhere else. */
function targetOf(target: Place | undefined, own: Place | undefined): Place {
  if (target === undefined || own === undefined || !target.isHttp) {
    throw new WireError('wrong_origin', 'The upstream URL is not an absolute http or https URL.')
  }
  if (target.origin !== own.origin || target.hasCredentials) {
    throw new WireError('wrong_origin', `The upstream URL is not of the provider's origin ${own.origin}.`)
  }
  return target
}

function parse(text: string): Place | undefined {
  try {
    const { origin, protocol, username, password, pathname, search } = new URL(text)
    return {
      origin,
      path: pathname + search,
      isHttp: protocol === 'https:' || protocol === 'http:',
      hasCredentials: username !== '' || password !== '',
    }
  } catch {
    return undefined
  }
}
