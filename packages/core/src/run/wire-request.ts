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
  let bytes: Uint8Array | undefined
  let parsed: JsonObject | undefined
  let arrived: WireRequest | undefined
  const { method, path, params, headers } = incoming
  return {
    method,
    path,
    params,
    headers,
    ...(incoming.headerNames ? { headerNames: incoming.headerNames } : {}),
    get sent() {
      return arrived
    },
    replace(body) {
      const before = { body: this.body, json: this.json() }
      arrived ??= { method, path, params, headers, body: before.body, json: () => before.json }
      bytes = Buffer.from(JSON.stringify(body))
      parsed = body
    },
    get body() {
      if (!bytes) throw new Error('The request body was read before auth had finished.')
      return bytes
    },
    open(body) {
      bytes = body
    },
    json() {
      parsed ??= parseObject(this.body)
      return parsed
    },
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
