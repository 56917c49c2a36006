import type { JsonObject } from '../model/index.ts'
import type { WireRequest } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { Incoming } from './exchange.ts'

/** A request's bytes, closed until auth is through. */
export interface GuardedWire extends WireRequest {
  /** Opens `body` and `json()`. */
  open(body: Uint8Array): void
  /** From here on this is the request; `sent` stays what the client sent. */
  replace(body: JsonObject): void
  /** The request as it arrived, once it was replaced. */
  readonly sent?: WireRequest
}

/** What arrived. Reading the body before auth has finished throws: auth sees method, path and headers only. */
export function createWire(incoming: Incoming): GuardedWire {
  return new ArrivedWire(incoming)
}

/** A class, as everything that has getters and is made with each request: those of a literal are new shapes each time. */
class ArrivedWire implements GuardedWire {
  readonly method: string
  readonly path: string
  readonly params: { readonly [name: string]: string }
  readonly headers: Headers
  readonly headerNames?: () => readonly string[]
  sent?: WireRequest
  #bytes: Uint8Array | undefined
  #parsed: JsonObject | undefined

  constructor({ method, path, params, headers, headerNames }: Incoming) {
    this.method = method
    this.path = path
    this.params = params
    this.headers = headers
    if (headerNames) this.headerNames = headerNames
  }

  get body(): Uint8Array {
    if (!this.#bytes) throw new Error('The request body was read before auth had finished.')
    return this.#bytes
  }

  open(body: Uint8Array): void {
    this.#bytes = body
  }

  json(): JsonObject {
    return (this.#parsed ??= parseObject(this.body))
  }

  replace(body: JsonObject): void {
    const { method, path, params, headers } = this
    const parsed = this.json()
    this.sent ??= { method, path, params, headers, body: this.body, json: () => parsed }
    this.#bytes = Buffer.from(JSON.stringify(body))
    this.#parsed = body
  }
}

/** A request that did not come over HTTP: the child of another. */
export function emptyWire(path: string): WireRequest {
  return {
    method: 'POST',
    path,
    params: {},
    headers: new Headers(),
    body: new Uint8Array(),
    json: () => ({}),
  }
}

const decoder = new TextDecoder('utf-8')

function parseObject(body: Uint8Array): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(body))
  } catch (cause) {
    const detail =
      body.byteLength === 0
        ? 'The request has no body.'
        : `The request body is not valid JSON: ${reason(cause)}`
    throw new GatewayError({ class: 'invalid_request', message: detail, code: 'invalid_json' }, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
    throw new GatewayError({
      class: 'invalid_request',
      message: `The request body has to be a JSON object, not ${found}.`,
    })
  }
  return value as JsonObject
}

/** The parser's message without the snippet of the body that newer engines put into it. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : 'unreadable'
  return text.replace(/, (?:\.\.\.)?"[^]*$/, '.').slice(0, 200)
}
