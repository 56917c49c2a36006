import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import crossws from 'crossws/adapters/node'
import { type Connection, createConnection, type SocketPeer } from './connection.ts'
import { GatewayError } from '../error.ts'
import type { ConnectionHead, GatewaySockets } from './sockets.ts'
import { toResponse } from './respond.ts'

/** Every open WebSocket of a server. */
export interface Upgrades {
  /** Takes the upgrade, unless its path is none of the gateway's: then `false`, and the socket is untouched. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** No connection takes a further message; those at rest close. */
  finish(): void
  readonly busy: number
  /** Ends what is left. */
  terminate(): void
}

/** Who wants a connection, and where. */
interface Visit {
  readonly pathname: string
  readonly head: ConnectionHead
  readonly fault: GatewayError | undefined
}

/** Bytes that may wait for a client before its upstream is paused. */
const highWater = 256 * 1024

/** Seconds without a sign of life after which a connection is over. */
const idleSeconds = 120

/** WebSockets over crossws. It takes an upgrade of any path from anybody, so both are decided before it is asked. */
export function createUpgrades(sockets: () => GatewaySockets | undefined): Upgrades {
  const open = new Set<Connection>()
  const connections = new WeakMap<object, Connection>()
  let closing = false
  let adapter: ReturnType<typeof crossws> | undefined

  const start = (maxPayload: number): ReturnType<typeof crossws> =>
    crossws({
      idleTimeout: idleSeconds,
      // Compression would keep a window of every message in memory, for each connection.
      serverOptions: { maxPayload, perMessageDeflate: false },
      hooks: {
        async upgrade({ context }) {
          const { pathname, head, fault } = (context as { visit: Visit }).visit
          const refusal = fault
            ? sockets()?.fail(pathname, head, fault)
            : await sockets()?.admit(pathname, head)
          return refusal && closed(toResponse(refusal, {}, false))
        },
        open(peer) {
          const { pathname, head } = (peer.context as { visit?: Visit }).visit as Visit
          const socket: SocketPeer = {
            send: (text) => void peer.send(text),
            close: (code, reason) => peer.close(code, reason),
            async drained(signal) {
              if (peer.bufferedAmount <= highWater) return
              // Rejects when the client is gone; there is nobody left to wait for.
              await peer.waitForDrain({ threshold: highWater, pollInterval: 10, signal }).catch(() => {})
            },
          }
          const connection = createConnection(sockets, pathname, head, socket)
          open.add(connection)
          connections.set(peer, connection)
          if (closing) connection.finish()
        },
        message: (peer, message) => connections.get(peer)?.receive(message.text()),
        close(peer) {
          const connection = connections.get(peer)
          if (!connection) return
          connection.left()
          open.delete(connection)
        },
        error() {
          // Frames too large, bytes that are no frames: the adapter has closed the socket with its code.
        },
      },
    })

  return {
    get busy() {
      return [...open].filter((connection) => connection.isBusy).length
    },
    take(request, socket, head) {
      const current = sockets()
      const pathname = pathOf(request.url ?? '')
      if (closing || !current?.has(pathname)) return false
      // A client that resets while its upgrade is looked at is nobody's uncaught error.
      socket.on('error', () => socket.destroy())
      adapter ??= start(current.maxMessageBytes)
      const visit: Visit = { pathname, head: headOf(request), fault: handshakeFault(request) }
      // Its own request would tell neither the address nor headers that came twice.
      const asked = Object.assign(new Request('http://gateway'), { context: { visit } })
      // It waits for auth and writes its answer: what fails there is this connection's end and no more.
      adapter.handleUpgrade(request, socket, head, asked).catch(() => socket.destroy())
      return true
    },
    finish() {
      closing = true
      for (const connection of open) connection.finish()
    },
    terminate() {
      adapter?.closeAll(undefined, undefined, true)
      // Stops its timer; there is nobody left to be told.
      void adapter?.close()
    },
  }
}

function pathOf(url: string): string {
  try {
    return new URL(url, 'http://gateway').pathname
  } catch {
    return ''
  }
}

/** The headers of the requests on it: those of the upgrade, without what belongs to the upgrade alone. */
function headOf(request: IncomingMessage): ConnectionHead {
  const headers = new Headers()
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (ofUpgrade.test(name)) continue
    for (const value of values ?? []) headers.append(name, value)
  }
  const { remoteAddress } = request.socket
  return { headers, ...(remoteAddress === undefined ? {} : { remoteAddress }) }
}

/** An idempotency key names one request, and a connection carries many. */
const ofUpgrade =
  /^(?:connection|upgrade|sec-websocket-.*|content-(?:length|encoding|type)|transfer-encoding|idempotency-key)$/

/** What the adapter would refuse in words of its own. */
function handshakeFault({ method, headers }: IncomingMessage): GatewayError | undefined {
  const version = headers['sec-websocket-version']
  const isShake = method === 'GET' && /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')
  if (isShake && (version === '13' || version === '8')) return undefined
  return new GatewayError({
    class: 'invalid_request',
    code: 'invalid_handshake',
    message: 'The request is no WebSocket handshake of version 13.',
  })
}

/** The adapter writes status, headers and body as they are and ends the socket. */
function closed(response: Response): Response {
  response.headers.set('connection', 'close')
  return response
}
