import type { Dispatcher, Pool } from 'undici'
import { type ByteBody, createPushBody, type PushBody, streamOf } from './byte-body.ts'
import { codingOf, decodeBody } from './content-coding.ts'
import { WireError } from './error.ts'
import type { OutboundRequest, OutboundResponse } from './outbound.ts'
import { createWatch, type TimeoutKind, type Timeouts } from './timeouts.ts'

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Connection headers are this hop's own; a copied length or encoding is how requests are smuggled. */
const ownHeaders: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Runs one request over a pool. The handler is our own, not `pool.request`: it settles when a timer or the signal
 * says so and not when undici gets to it, and it knows whether bytes were sent.
 */
export function exchange(
  pool: Pool,
  path: string,
  request: OutboundRequest,
  timeouts: Timeouts,
): Promise<OutboundResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = request
    let controller: Dispatcher.DispatchController | undefined
    let incoming: PushBody | undefined
    /** The end of the exchange, whichever came first; later ones are ignored. */
    let over = false
    let failure: WireError | undefined

    if (signal?.aborted) {
      reject(new WireError('aborted', 'The request was aborted.', { cause: signal.reason }))
      return
    }

    const watch = createWatch(timeouts, (kind, ms) => fail(kind, timeoutMessage(kind, ms)))
    const onAbort = (): void => fail('aborted', 'The request was aborted.', signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })

    function finish(): boolean {
      if (over) return false
      over = true
      watch.stop()
      signal?.removeEventListener('abort', onAbort)
      return true
    }

    function fail(kind: WireError['kind'], message: string, cause?: unknown): void {
      if (!finish()) return
      failure = new WireError(kind, message, { sent: controller !== undefined, cause })
      // Before a connection took the request there is nothing to abort: `onRequestStart` refuses it later.
      controller?.abort(failure)
      if (incoming) incoming.destroy(failure)
      else reject(failure)
    }

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        if (failure) {
          started.abort(failure)
          return
        }
        controller = started
        watch.connected()
      },
      onResponseStart(started, status, headers) {
        if (over || status < 200) return
        if (redirects.has(status)) {
          fail('redirect', `The upstream answered ${status}, a redirect, which is never followed.`)
          return
        }
        const coding = codingOf(headers['content-encoding'])
        if (coding === 'unknown') {
          fail('decode', 'The upstream answered with a content encoding that was not asked for.')
          return
        }
        incoming = bodyOf(started)
        const body: ByteBody = incoming
        resolve(
          coding === 'identity'
            ? new Received(status, headers, false, body)
            : new Received(status, headers, true, decodeBody(streamOf(body), coding)),
        )
      },
      onResponseData(_started, chunk) {
        if (over || incoming === undefined) return
        watch.activity()
        incoming.push(chunk)
      },
      onResponseEnd() {
        if (!finish()) return
        if (incoming) incoming.end()
        else reject(new WireError('reset', 'The upstream ended without an answer.', { sent: true }))
      },
      onResponseError(_started, error) {
        if (over) return
        const { kind, message } = faultOf(error, controller !== undefined)
        fail(kind, message, error)
      },
    }

    function bodyOf(started: Dispatcher.DispatchController): PushBody {
      return createPushBody({
        pause() {
          started.pause()
          watch.paused()
        },
        resume() {
          watch.resumed()
          started.resume()
        },
        cancel() {
          // The reader left first: close the connection rather than read an answer nobody wants.
          if (finish())
            started.abort(new WireError('aborted', 'The body was not wanted any more.', { sent: true }))
        },
      })
    }

    pool.dispatch(
      { path, method: request.method, headers: outgoing(request.headers), body: request.body ?? null },
      handler,
    )
  })
}

function outgoing(headers: { readonly [name: string]: string }): { [name: string]: string } {
  const result: { [name: string]: string } = {}
  for (const name in headers) {
    const lower = name.toLowerCase()
    if (!ownHeaders.has(lower)) result[lower] = headers[name] as string
  }
  result['accept-encoding'] = 'identity'
  return result
}

/** A class, because a getter in a literal is a new shape with every response. */
class Received implements OutboundResponse {
  readonly status: number
  readonly contentType: string
  readonly body: ByteBody
  readonly #incoming: IncomingHeaders
  readonly #decoded: boolean
  #headers: Headers | undefined

  constructor(status: number, incoming: IncomingHeaders, decoded: boolean, body: ByteBody) {
    const type = incoming['content-type']
    this.status = status
    this.contentType = typeof type === 'string' ? type : (type?.join(', ') ?? '')
    this.body = body
    this.#incoming = incoming
    this.#decoded = decoded
  }

  get headers(): Headers {
    return (this.#headers ??= headersOf(this.#incoming, this.#decoded))
  }
}

type IncomingHeaders = { readonly [name: string]: string | readonly string[] | undefined }

function headersOf(incoming: IncomingHeaders, decoded: boolean): Headers {
  const headers = new Headers()
  for (const name in incoming) {
    // The length and the encoding of what came are not those of what the reader gets.
    if (decoded && (name === 'content-encoding' || name === 'content-length')) continue
    const value = incoming[name]
    if (value === undefined) continue
    try {
      if (typeof value === 'string') headers.append(name, value)
      else for (const one of value) headers.append(name, one)
    } catch {
      // A name or value that is no legal header: nobody downstream could use it.
    }
  }
  return headers
}

function faultOf(error: unknown, started: boolean): { kind: WireError['kind']; message: string } {
  if (WireError.is(error)) return { kind: error.kind, message: error.message }
  const code = (error as { code?: unknown }).code
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return { kind: 'connect_timeout', message: 'No connection to the upstream in time.' }
  }
  if (started) return { kind: 'reset', message: 'The upstream closed the connection.' }
  if (code === 'UND_ERR_INVALID_ARG') {
    return { kind: 'connect', message: 'The request to the upstream has an invalid method, path or header.' }
  }
  return { kind: 'connect', message: `No connection to the upstream${codeSuffix(code)}.` }
}

/** System codes (`ECONNREFUSED`) are for the operator and hold nothing secret. */
function codeSuffix(code: unknown): string {
  return typeof code === 'string' ? ` (${code})` : ''
}

function timeoutMessage(kind: TimeoutKind, ms: number): string {
  if (kind === 'connect_timeout') return `No connection to the upstream within ${ms} ms.`
  if (kind === 'first_byte_timeout') return `The upstream sent nothing within ${ms} ms.`
  if (kind === 'idle_timeout') return `The upstream was silent for ${ms} ms.`
  return `The upstream was not done within ${ms} ms.`
}
