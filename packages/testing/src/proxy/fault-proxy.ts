import { createServer, connect, type Socket } from 'node:net'
import { createRandom } from '../random.ts'
import { listenOnLoopback } from '../upstream/listen.ts'
import { passBytes, type Faults as Direction, type Passed } from './pass.ts'

/** What goes wrong with bytes in one direction. Nothing by default. */
export interface ProxyFaults {
  /** Milliseconds that each piece waits. */
  readonly latencyMs?: number
  /** Up to so many milliseconds more, from the seed. */
  readonly jitterMs?: number
  /** At most so many bytes a second. */
  readonly bytesPerSecond?: number
  /** Cuts what passes: into slices of so many bytes, or of random size (seeded). */
  readonly slices?: number | 'random'
  /** After so many bytes of a connection `end` happens; at its first byte by default. */
  readonly afterBytes?: number
  /**
   * `reset` (RST) and `close` (FIN) end the connection on both sides; `blackhole` swallows everything from there and
   * says nothing, so that only a timer ends it.
   */
  readonly end?: 'reset' | 'close' | 'blackhole'
}

/** How to make a fault proxy. */
export interface FaultProxyOptions {
  /** Where it leads: an address like `http://127.0.0.1:8080`, or host and port. */
  readonly target: string | { readonly host?: string; readonly port: number }
  /** Of the jitter and the random slices; 1 by default. */
  readonly seed?: number
  readonly toTarget?: ProxyFaults
  readonly toClient?: ProxyFaults
}

/** A TCP proxy on loopback that damages what passes. */
export interface FaultProxy {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Connections of clients that are open now. */
  readonly connections: number
  /** Bytes that reached either side, of all connections. */
  readonly passed: Readonly<Passed>
  /** Changes what goes wrong, also for open connections; a direction that is left out is healed. */
  set(faults: { readonly toTarget?: ProxyFaults; readonly toClient?: ProxyFaults }): void
  /** Ends every open connection; new ones are welcome. */
  cut(how: 'reset' | 'close'): void
  /** Ends everything. May be called twice. */
  close(): Promise<void>
}

/** Starts a fault proxy. Rejects when no port can be had; a target that is down resets the client. */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const target = addressOf(options.target)
  const random = createRandom(options.seed ?? 1)
  const passed: Passed = { toTarget: 0, toClient: 0 }
  let faults: { readonly toTarget?: ProxyFaults; readonly toClient?: ProxyFaults } = options
  const pairs = new Map<Socket, Socket>()

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ ...target, allowHalfOpen: true })
    pairs.set(client, upstream)
    const reset = (): void => {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true)
      // An error is the other side's reset: it goes on as one.
      socket.on('error', () => other.resetAndDestroy())
      socket.once('close', () => {
        if (socket === client) pairs.delete(client)
        if (!other.destroyed && socket.errored === null) other.end()
      })
    }
    const pass = (from: Socket, to: Socket, name: keyof Passed): void => {
      const direction: Direction = {
        current: () => faults[name] ?? {},
        random,
        count: (bytes) => void (passed[name] += bytes),
        end: (how) => (how === 'reset' ? reset() : closeBoth(client, upstream)),
      }
      passBytes(from, to, direction).catch(reset)
    }
    pass(client, upstream, 'toTarget')
    pass(upstream, client, 'toClient')
  })
  const port = await listenOnLoopback(server)

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    passed,
    get connections() {
      return pairs.size
    },
    set(next) {
      faults = next
    },
    cut(how) {
      for (const [client, upstream] of pairs) {
        if (how === 'reset') for (const socket of [client, upstream]) socket.resetAndDestroy()
        else closeBoth(client, upstream)
      }
    },
    async close() {
      for (const sockets of pairs) for (const socket of sockets) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

// ---

function closeBoth(client: Socket, upstream: Socket): void {
  for (const socket of [client, upstream]) socket.end(() => socket.destroy())
}

function addressOf(target: FaultProxyOptions['target']): { readonly host: string; readonly port: number } {
  if (typeof target !== 'string') return { host: '127.0.0.1', ...target }
  const { hostname, port, protocol } = new URL(target)
  return { host: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) }
}
