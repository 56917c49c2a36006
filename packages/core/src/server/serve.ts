import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { FastResponse, serve as listenSrvx } from 'srvx'
import { ConfigError } from '../config/problem.ts'
import { guardConnections } from './connections.ts'
import { defaultServeLimits, type ServeLimits } from './limits.ts'
import { answerRaw } from './raw.ts'
import { createRequestIds } from './request-id.ts'
import type { GatewaySockets } from './sockets.ts'
import { createUpgrades, type Upgrades } from './upgrade.ts'

/** What is served: a gateway, or anything with its `fetch`. */
export interface Servable {
  fetch(request: Request): Response | Promise<Response>
  /** WebSockets it answers; none when absent. */
  readonly sockets?: GatewaySockets
  /** Lets requests finish for at most `timeoutMs`, then ends them, and waits for what they owe. */
  drain?(timeoutMs: number): Promise<void>
}

/** A server that listens. */
export interface GatewayServer {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /**
   * Stops listening, lets what runs finish (10 minutes by default), then closes every connection.
   * Calls after the first wait for the first.
   */
  close(options?: { readonly drainTimeoutMs?: number }): Promise<void>
  /** Gives every request from now on to another gateway; those that run keep theirs. */
  swap(next: Servable): void
}

/** Where and how to listen. */
export interface ServeOptions {
  /** 127.0.0.1 by default. */
  readonly host?: string
  /** 8787 by default; 0 takes a free one. */
  readonly port?: number
  readonly limits?: Partial<ServeLimits>
  readonly drainTimeoutMs?: number
}

const defaultDrainMs = 600_000

/**
 * Listens for HTTP/1.1. Throws `ConfigError` `PORT_IN_USE`, `PORT_NOT_ALLOWED` or `HOST_UNAVAILABLE`.
 * Signals of the process are the caller's: nothing here listens to them.
 */
export async function serve(gateway: Servable, options: ServeOptions = {}): Promise<GatewayServer> {
  const limits: ServeLimits = { ...defaultServeLimits, ...options.limits }
  const { host = '127.0.0.1', port = 8787 } = options
  const newId = createRequestIds()
  let current = gateway
  let draining: Promise<void> | undefined

  const failed = (): Response => {
    const id = newId()
    const error = {
      message: `The gateway failed to handle this request. (request id: ${id})`,
      type: 'api_error',
    }
    return new FastResponse(JSON.stringify({ error }), {
      status: 500,
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-request-id': id },
    })
  }

  // One function for the life of the server: `current` is what a reload swaps.
  const outer = listenSrvx({
    manual: true,
    silent: true,
    gracefulShutdown: false,
    hostname: host,
    port,
    fetch(request) {
      try {
        const answer = current.fetch(request)
        return answer instanceof Promise ? answer.catch(failed) : answer
      } catch {
        return failed()
      }
    },
    node: {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      maxHeaderSize: limits.maxHeaderBytes,
      insecureHTTPParser: false,
      // The shell answers it, with a body and an id.
      requireHostHeader: false,
      // Other upgrades (`h2c`) are offers that may be ignored.
      shouldUpgradeCallback: (request: IncomingMessage) =>
        request.headers.upgrade?.toLowerCase() === 'websocket',
    },
  })
  const server = outer.node?.server as HttpServer
  const handler = outer.node?.handler as (request: IncomingMessage, response: ServerResponse) => void
  const running = new Set<ServerResponse>()
  const latest = new WeakMap<Duplex, ServerResponse>()

  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    running.add(response)
    latest.set(request.socket, response)
    response.once('close', () => running.delete(response))
    if (draining) response.shouldKeepAlive = false
    const target = request.url ?? ''
    if (target.startsWith('/') || target === '*' || /^https?:\/\//i.test(target)) handler(request, response)
    else answerRaw(request.socket, 400, 'The request target is not a path.', newId(), limits.lingerMs)
  })
  const upgrades = createUpgrades(() => current.sockets)
  refuseRest(server, latest, newId, limits, upgrades)
  const guard = guardConnections(server, limits)

  try {
    await outer.serve()
  } catch (error) {
    guard.stop()
    throw listenError(error, host, port)
  }
  // Faults of accepting (no more file descriptors) are the next connection's, not the process's end.
  server.on('error', () => {})
  const address = server.address() as AddressInfo

  async function drain(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    upgrades.finish()
    for (const response of running) if (!response.headersSent) response.shouldKeepAlive = false
    const settled = Promise.resolve(current.drain?.(timeoutMs)).catch(() => {})
    await idle(end)
    // A gateway ends its own requests when the time is over, with an error that clients can read, and settles them.
    await Promise.race([settled, sleep(settleMs, undefined, { ref: false })])
    await idle(performance.now() + flushMs)
    server.closeAllConnections()
    upgrades.terminate()
    guard.stop()
    await closed
  }

  async function idle(end: number): Promise<void> {
    while (running.size + upgrades.busy > 0 && performance.now() < end) {
      // A connection whose stream began before the drain was promised to be kept.
      server.closeIdleConnections()
      await sleep(20)
    }
  }

  return {
    url: urlOf(host, address.port),
    port: address.port,
    close: (how) => (draining ??= drain(how?.drainTimeoutMs ?? options.drainTimeoutMs ?? defaultDrainMs)),
    swap(next) {
      current = next
    },
  }
}

/** How long a gateway may take over its time to settle what it cut. */
const settleMs = 30_000

/** How long the last answers may take to leave, after everything else is done. */
const flushMs = 2_000

/** Everything that Node hands out beside requests. Each gets an answer with a request id, and its connection ends. */
function refuseRest(
  server: HttpServer,
  latest: WeakMap<Duplex, ServerResponse>,
  newId: () => string,
  limits: ServeLimits,
  upgrades: Upgrades,
): void {
  const refused = new WeakSet<Duplex>()
  const refuse = (
    socket: Duplex,
    status: number,
    message: string,
    headers?: { [name: string]: string },
  ): void => {
    // The parser complains again about every further byte.
    if (refused.has(socket)) return
    refused.add(socket)
    answerRaw(socket, status, message, newId(), limits.lingerMs, headers)
  }
  server.on('upgrade', (request, socket, head) => {
    if (upgrades.take(request, socket, head)) return
    refuse(socket, 426, 'This gateway speaks no WebSocket here. Use HTTP.', { upgrade: 'HTTP/1.1' })
  })
  server.on('connect', (_request, socket) => refuse(socket, 405, 'This gateway is no proxy.'))
  server.on('checkExpectation', (request) =>
    refuse(request.socket, 417, 'The Expect header is not supported.'),
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = latest.get(socket)
    const isWriting = response !== undefined && response.headersSent && !response.writableFinished
    if (error.code === 'ECONNRESET' || isWriting) {
      socket.destroy()
      return
    }
    if (error.code === 'HPE_HEADER_OVERFLOW') refuse(socket, 431, 'The headers of the request are too large.')
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, 408, 'The request came too slowly.')
    else refuse(socket, 400, 'The request is not valid HTTP.')
  })
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const { code } = cause as NodeJS.ErrnoException
  const problem = {
    EADDRINUSE: [
      'PORT_IN_USE',
      `port ${port} of ${host} is in use.`,
      'Stop what listens there, or choose another port.',
    ],
    EACCES: ['PORT_NOT_ALLOWED', `port ${port} needs rights.`, 'Choose a port above 1023.'],
    EADDRNOTAVAIL: ['HOST_UNAVAILABLE', `this machine has no address ${host}.`, 'Change server.host.'],
    ENOTFOUND: ['HOST_UNAVAILABLE', `this machine has no address ${host}.`, 'Change server.host.'],
  }[code ?? '']
  if (problem === undefined) return cause
  const [name = '', message = '', fix = ''] = problem
  const path = name === 'HOST_UNAVAILABLE' ? 'server.host' : 'server.port'
  const error = new ConfigError([{ code: name, severity: 'error', path, message, fix }], { cause })
  // Callers that try the next port look at the code of the system.
  return Object.assign(error, { code })
}

function urlOf(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${shown}:${port}`
}
