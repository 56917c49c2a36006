import type { JsonObject } from '../model/index.ts'
import type { SocketMessage, SocketSession } from '../contract/index.ts'
import { clientAddress, createAddressList } from '../address.ts'
import { GatewayError } from '../error.ts'
import type { Answer, FailedRequest, Incoming, Kernel, KernelSocket } from '../run/exchange.ts'
import { readBody } from './body.ts'
import type { Share } from './budget.ts'
import { type Cors, createCors } from './cors.ts'
import { withBodyLimit } from './limits.ts'
import { withoutVersion } from './routes.ts'
import type { Shared } from './shared.ts'

/** The door for WebSockets of one gateway. A connection outlives a reload; its requests go to whoever serves then. */
export interface GatewaySockets {
  /** Largest message in bytes. */
  readonly maxMessageBytes: number
  /** Whether an upgrade of this path (with or without version) is answered. */
  has(pathname: string): boolean
  /** Runs auth; an answer refuses the upgrade. */
  admit(pathname: string, head: ConnectionHead): Promise<Answer | undefined>
  session(pathname: string): SocketSession | undefined
  /** A message as the object it has to be, looked at before it is parsed. Throws `GatewayError`. */
  read(text: string): Promise<JsonObject>
  /** Runs one message as a request. Never rejects. */
  run(pathname: string, head: ConnectionHead, message: AskedMessage, signal: AbortSignal): Promise<Answer>
  /** Room for messages that wait. */
  waiting(): Share
  /** Room for what connections remember. */
  memory(): Share
  /** An error in the protocol's shape, for what fails before a request is made. */
  fail(pathname: string, head: ConnectionHead, error: unknown): Answer
}

/** A message that is a request; `whole` is what is run. */
export type AskedMessage = Extract<SocketMessage, { readonly body: JsonObject }>

/** What a connection says of its client; the same for all its requests. */
export interface ConnectionHead {
  readonly headers: Headers
  readonly remoteAddress?: string
}

/** Turns messages into requests of the kernel. */
export function createSockets(kernel: Kernel, shared: Shared): GatewaySockets {
  const { newId, budget, memories } = shared
  const limits = withBodyLimit(shared.limits, kernel.server.maxBodyBytes)
  const { trustedProxies } = kernel.server
  const isProxy = createAddressList(trustedProxies ?? [])
  const cors = createCors(kernel.server.cors)
  const addressOf = ({ headers, remoteAddress }: ConnectionHead): string | undefined =>
    clientAddress(remoteAddress, trustedProxies ? headers.get('x-forwarded-for') : null, isProxy)
  const find = (pathname: string): KernelSocket | undefined => {
    const path = withoutVersion(pathname)
    return kernel.sockets.find((socket) => socket.codec.path === path)
  }
  const failed = (pathname: string, { headers }: ConnectionHead): FailedRequest => ({
    id: newId(),
    method: 'GET',
    path: withoutVersion(pathname),
    headers,
  })
  const fail: GatewaySockets['fail'] = (pathname, head, error) => {
    const request = failed(pathname, head)
    const refusal = kernel.fail(error, request)
    return { ...refusal, headers: { ...refusal.headers, 'x-request-id': request.id } }
  }
  const incomingOf = (
    socket: KernelSocket,
    head: ConnectionHead,
    { body, whole }: AskedMessage,
    signal: AbortSignal,
  ): Incoming => {
    const share = budget.open()
    const bytes = Buffer.from(JSON.stringify(body))
    const remoteAddress = addressOf(head)
    let reading: Promise<Uint8Array> | undefined
    return {
      id: newId(),
      method: socket.route.method,
      path: socket.route.path,
      params: {},
      headers: head.headers,
      signal,
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
      receivedAt: new Date(),
      body: () => (reading ??= readBody(async (take) => take(bytes), noBodyHeaders, share, limits)),
      ...(whole && { whole }),
      hold: share.take,
      release: share.release,
    }
  }
  return {
    maxMessageBytes: limits.maxBodyBytes,
    has: (pathname) => find(pathname) !== undefined,
    session: (pathname) => find(pathname)?.codec.open(),
    async read(text) {
      const share = budget.open()
      try {
        const bytes = await readBody(async (take) => take(Buffer.from(text)), noBodyHeaders, share, limits)
        return objectOf(Buffer.from(bytes).toString('utf8'))
      } finally {
        share.release()
      }
    },
    async admit(pathname, head) {
      const socket = find(pathname)
      if (!socket) return fail(pathname, head, gone())
      if (isForeignPage(head.headers, cors)) return fail(pathname, head, foreignPage())
      const incoming = incomingOf(socket, head, { body: {} }, new AbortController().signal)
      const refusal = await kernel.admit(socket, incoming)
      return refusal && { ...refusal, headers: { ...refusal.headers, 'x-request-id': incoming.id } }
    },
    async run(pathname, head, message, signal) {
      const socket = find(pathname)
      if (!socket) return fail(pathname, head, gone())
      return kernel.run(socket.route, incomingOf(socket, head, message, signal))
    },
    fail,
    waiting: () => budget.open(),
    memory: () => memories.open(),
  }
}

/** The headers of the upgrade say nothing about the coding of a message. */
const noBodyHeaders = new Headers({ 'content-type': 'application/json' })

/** Throws `GatewayError` for what is no JSON object. */
export function objectOf(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new GatewayError(
      { class: 'invalid_request', code: 'invalid_json', message: 'The message is not valid JSON.' },
      { cause },
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new GatewayError({ class: 'invalid_request', message: 'The message has to be a JSON object.' })
}

/**
 * A page in a browser may open a WebSocket anywhere and read it, CORS or not, but sets no header of its own: one that
 * brings no key uses the gateway of whoever visits it.
 */
function isForeignPage(headers: Headers, cors: Cors | undefined): boolean {
  const origin = headers.get('origin')
  if (origin === null || keyHeaders.some((name) => headers.has(name))) return false
  if (origin.replace(/^https?:\/\//, '') === headers.get('host')) return false
  return cors?.answer(origin, {})['access-control-allow-origin'] === undefined
}

const keyHeaders: readonly string[] = ['authorization', 'x-api-key', 'x-goog-api-key']

function foreignPage(): GatewayError {
  return new GatewayError({
    class: 'permission',
    code: 'origin_not_allowed',
    message: 'Pages of this origin may not open a WebSocket here. Allow it with server.cors.',
  })
}

function gone(): GatewayError {
  return new GatewayError({ class: 'not_found', message: 'No WebSocket is served here any more.' })
}
