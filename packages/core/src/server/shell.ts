import type { IncomingMessage, ServerResponse } from 'node:http'
import { H3, type H3Event } from 'h3'
import type { ServerRequest } from 'srvx'
import { GatewayError, toErrorData } from '../error.ts'
import type { Answer, FailedRequest, Incoming, Kernel } from '../run/exchange.ts'
import { clientAddress, createAddressList } from '../address.ts'
import { nodeSource, webSource } from './body-source.ts'
import { readBody } from './body.ts'
import type { Share } from './budget.ts'
import { createCors } from './cors.ts'
import { headFault } from './head.ts'
import { type ShellLimits, withBodyLimit } from './limits.ts'
import { lingering, toResponse } from './respond.ts'
import { compileRoutes, matchRoute, prefixes, withoutVersion, type Mount } from './routes.ts'
import { createShared, type Shared } from './shared.ts'

type Fetch = (request: Request) => Promise<Response> | Response

/**
 * The HTTP shell around the kernel: routing, request ids, CORS, bounds on heads and bodies, and answers.
 * It asks for the kernel at every request, so that a reload swaps it without a new server.
 */
export function createShell(
  kernel: () => Kernel,
  limits?: Partial<ShellLimits>,
  shared: Shared = createShared(limits),
): Fetch {
  let current: Kernel | undefined
  let fetch: Fetch | undefined
  return (request) => {
    const wanted = kernel()
    if (fetch === undefined || wanted !== current) {
      current = wanted
      fetch = createApp(wanted, shared)
    }
    return fetch(request)
  }
}

function createApp(kernel: Kernel, shared: Shared): Fetch {
  const { server } = kernel
  const limits = withBodyLimit(shared.limits, server.maxBodyBytes)
  const cors = createCors(server.cors)
  const isProxy = createAddressList(server.trustedProxies ?? [])

  /** Everything a request goes through, once the router has found where its path hangs. */
  function handle(event: H3Event, mount: Mount | 'health' | undefined): Response | Promise<Response> {
    // First of all: read later, after a body was cancelled, it reports an abort that never was.
    const { signal } = event.req
    const exchange = open(event)
    const { request, node, failed, pathname } = exchange
    const fault = node && headFault(node.req)
    if (fault) return exchange.answer(kernel.fail(fault, failed))
    const preflight = cors?.preflight(request)
    if (preflight) return exchange.answer({ status: 204, headers: preflight })
    if (mount === undefined) return exchange.answer(kernel.fail(wrongPath(failed), failed))
    if (mount === 'health') {
      if (request.method === 'GET' || request.method === 'HEAD') return exchange.answer(healthy)
      return exchange.answer(notAllowed(failed, ['GET']))
    }
    const path = pathname + event.url.search
    const found = matchRoute(mount, request.method, pathname, request.headers, path)
    if (found === undefined) return exchange.answer(kernel.fail(wrongPath(failed), failed))
    if ('allow' in found) return exchange.answer(notAllowed(failed, found.allow))
    const share = shared.budget.open()
    let reading: Promise<Uint8Array> | undefined
    const incoming: Incoming = {
      id: failed.id,
      method: found.route.method,
      path,
      params: found.params,
      headers: request.headers,
      ...(node ? { headerNames: () => Object.keys(node.req.headers) } : {}),
      signal,
      receivedAt: new Date(),
      ...addressOf(exchange),
      body: () => (reading ??= exchange.readBody(share)),
      hold: share.take,
      release: share.release,
    }
    return kernel.run(found.route, incoming).then(
      (answer) => {
        const { body } = answer
        if (isStream(body)) body.once('close', share.release)
        else share.release()
        return exchange.answer(answer)
      },
      (error: unknown) => {
        share.release()
        return exchange.answer(kernel.fail(error, failed))
      },
    )
  }

  function notAllowed(failed: FailedRequest, allow: readonly string[]): Answer {
    const refused = kernel.fail(wrongMethod(failed, allow), failed)
    return { ...refused, headers: { ...refused.headers, allow: allow.join(', ') } }
  }

  /** One request and the way its answer goes back. */
  function open(event: H3Event): Exchange {
    const request = event.req as ServerRequest
    const node = nodeOf(request)
    const id = shared.newId()
    const failed: FailedRequest = {
      id,
      method: request.method,
      path: event.url.pathname + event.url.search,
      headers: request.headers,
    }
    let isRead = false
    return {
      request,
      node,
      failed,
      pathname: withoutVersion(event.url.pathname),
      readBody(share) {
        const source = node ? nodeSource(node.req, limits) : webSource(request, limits)
        return readBody(source, request.headers, share, limits, () => (isRead = true))
      },
      answer(given) {
        let answer = given
        if (given.status >= 400 && !isRead && node && hasBody(node.req)) {
          // Bytes of a body that nobody read must never be taken for a next request.
          node.res.shouldKeepAlive = false
          if (!node.req.complete) answer = lingering(given, node.req, limits)
        }
        const own = { 'x-request-id': id }
        const extra = cors ? { ...own, ...cors.answer(request.headers.get('origin'), answer.headers) } : own
        const { body } = answer
        // Over a socket the server destroys the stream; without one the signal is all there is.
        if (node === undefined && isStream(body)) destroyOnAbort(body, request.signal)
        return toResponse(answer, extra, request.method === 'HEAD')
      },
    }
  }

  function addressOf({ node, request }: Exchange): { remoteAddress?: string } {
    const forwarded = server.trustedProxies ? request.headers.get('x-forwarded-for') : null
    const remoteAddress = clientAddress(node?.req.socket.remoteAddress, forwarded, isProxy)
    return remoteAddress === undefined ? {} : { remoteAddress }
  }

  const app = new H3({
    silent: true,
    // Faults that h3 finds before a handler runs (a malformed path), and bugs of ours.
    onError(error, event) {
      const exchange = open(event as H3Event)
      const cause: unknown = error.unhandled ? (error.cause ?? error) : undefined
      const shown =
        cause ?? new GatewayError({ class: 'invalid_request', message: 'The request is malformed.' })
      return exchange.answer(failSafely(kernel, shown, exchange.failed))
    },
  })
  const mounts = compileRoutes(kernel.routes)
  for (const mount of mounts) {
    // Routes on the root: a mounted sub-application with middleware costs 2 µs a request.
    for (const prefix of prefixes) app.all(prefix + mount.path, (event) => handle(event, mount))
  }
  app.all('/healthz', (event) => handle(event, 'health'))
  app.all('/**', (event) => handle(event, undefined))
  return (request) => app.fetch(request as ServerRequest)
}

interface Exchange {
  readonly request: ServerRequest
  readonly node: NodeExchange | undefined
  readonly failed: FailedRequest
  readonly pathname: string
  readBody(share: Share): Promise<Uint8Array>
  answer(answer: Answer): Response
}

interface NodeExchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

const healthy: Answer = {
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  body: '{"status":"ok"}',
}

function nodeOf(request: ServerRequest): NodeExchange | undefined {
  const node = request.runtime?.node
  return node?.res === undefined ? undefined : (node as NodeExchange)
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

function isStream(body: Answer['body']): body is Exclude<Answer['body'], string | Uint8Array | undefined> {
  return typeof body === 'object' && 'destroy' in body
}

function destroyOnAbort(
  body: { destroy(): unknown; once(event: 'close', run: () => void): unknown },
  signal: AbortSignal,
): void {
  const destroy = (): void => void body.destroy()
  if (signal.aborted) destroy()
  else {
    signal.addEventListener('abort', destroy, { once: true })
    body.once('close', () => signal.removeEventListener('abort', destroy))
  }
}

function failSafely(kernel: Kernel, error: unknown, failed: FailedRequest): Answer {
  try {
    return kernel.fail(error, failed)
  } catch {
    const { status, message } = toErrorData(undefined)
    return {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        error: { message: `${message} (request id: ${failed.id})`, type: 'api_error' },
      }),
    }
  }
}

/** Method and path as the client wrote them, bounded: this text comes back to whoever sent it. */
function described({ method, path }: FailedRequest): string {
  const query = path.indexOf('?')
  return `${method} ${(query === -1 ? path : path.slice(0, query)).slice(0, 256)}`
}

function wrongPath(failed: FailedRequest): GatewayError {
  return new GatewayError({ class: 'not_found', message: `Invalid URL (${described(failed)})` })
}

function wrongMethod(failed: FailedRequest, allow: readonly string[]): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    status: 405,
    code: 'method_not_allowed',
    message: `Not allowed (${described(failed)}). This path takes ${allow.join(', ')}.`,
  })
}
