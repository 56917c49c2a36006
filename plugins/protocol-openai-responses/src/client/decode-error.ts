import {
  GatewayError,
  statusOf,
  type ErrorClass,
  type GatewayErrorData,
  type Json,
  type JsonObject,
} from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { name } from '../name.ts'
import { objectsOf, stringOf } from '../own.ts'
import { classInside, classOf, type ErrorWords } from './classify.ts'
import { retryAfter } from './retry-after.ts'

/** Longest message taken over from an upstream. */
const maxMessage = 2000
/** An error answer is small; a page that is not one is not read to its end. */
const maxBody = 64 * 1024

/**
 * Reads any error answer: OpenAI's envelope, other shapes seen behind compatible hosts, HTML, nothing at all.
 * `x-should-retry` overrules the class.
 */
export function decodeError(status: number, headers: Headers, body: Uint8Array): GatewayErrorData {
  const text = new TextDecoder().decode(body.subarray(0, maxBody)).trim()
  const value = parsed(text)
  const words = isObject(value) || Array.isArray(value) ? wordsIn(value) : undefined
  const found = words ?? { message: withoutWords(status, text) }
  const effective = found.status !== undefined && status < 400 ? found.status : status
  const error = errorData(classOf(effective, found), found, effective, headers)
  const shouldRetry = headers.get('x-should-retry')
  if (shouldRetry === 'true') return { ...error, retryable: true }
  return shouldRetry === 'false' ? { ...error, retryable: false } : error
}

/** The `error` of a failed response, of an `error` frame (fields at the top or under `error`), or of a bare envelope. */
export function errorInside(value: JsonObject): GatewayErrorData {
  const words = wordsIn(value) ?? { message: 'The upstream reported an error without a message.' }
  const kind = words.status === undefined ? classInside(words) : classOf(words.status, words)
  return errorData(kind, words, words.status)
}

/** A body that is an error and nothing else: hosts answer 200 with one. */
export function isErrorBody(body: JsonObject): boolean {
  if (body['type'] === 'error' || body['object'] === 'error') return true
  const { error } = body
  return (
    error !== undefined && error !== null && error !== false && error !== '' && body['object'] === undefined
  )
}

interface Found extends ErrorWords {
  readonly param?: string
  /** A status inside the body. */
  readonly status?: number
  readonly envelope?: JsonObject
}

function errorData(
  kind: ErrorClass,
  found: Found,
  status: number | undefined,
  headers?: Headers,
): GatewayErrorData {
  const retryAfterMs = retryAfter(headers, found.message, found.envelope)
  // "You exceeded your quota" with a time to come back is a limit, not an empty purse.
  const comesBack = kind === 'insufficient_funds' && found.code === undefined && retryAfterMs !== undefined
  const type = comesBack ? 'rate_limited' : kind
  return new GatewayError({
    class: type,
    status: statusFor(type, status),
    message: found.message.slice(0, maxMessage),
    ...(found.code !== undefined && { code: found.code }),
    ...(found.param !== undefined && { param: found.param }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    source: 'upstream',
    ...(found.envelope && { native: { protocol: name, value: found.envelope } }),
  }).data
}

/** A request's fault keeps the upstream's status (422), everything else gets its class's. */
function statusFor(kind: ErrorClass, status: number | undefined): number {
  const isRequestFault = kind === 'invalid_request' || kind === 'unsupported' || kind === 'content_policy'
  return isRequestFault && status !== undefined && status >= 400 && status < 500 ? status : statusOf[kind]
}

function wordsIn(value: JsonObject | readonly Json[]): Found | undefined {
  if (Array.isArray(value)) {
    const [first] = objectsOf(value as readonly Json[])
    return first && wordsIn(first)
  }
  const body = value as JsonObject
  const { error, detail } = body
  if (typeof error === 'string' && error !== '') return { message: error, ...namesIn(body) }
  if (isObject(error)) return fromObject(error)
  if (typeof detail === 'string') return { message: detail }
  if (isObject(detail)) return fromObject(detail)
  const [entry] = objectsOf(detail)
  if (entry) return { message: stringOf(entry['msg']) ?? JSON.stringify(entry), ...paramOf(entry['loc']) }
  return typeof body['message'] === 'string' || isObject(body['message']) ? fromObject(body) : undefined
}

function fromObject(error: JsonObject): Found {
  const said = error['message'] ?? error['msg'] ?? error['detail']
  const message =
    typeof said === 'string' ? said : said === undefined || said === null ? '' : JSON.stringify(said)
  return {
    message: message.trim() === '' ? 'The upstream reported an error without a message.' : message,
    ...namesIn(error),
    envelope: error,
  }
}

function namesIn(error: JsonObject): Omit<Found, 'message'> {
  const { code, type, param } = error
  const status = statusIn(code) ?? statusIn(error['status_code']) ?? statusIn(error['status'])
  return {
    // In a frame of the stream `type` is the frame's.
    ...(typeof type === 'string' && type !== '' && type !== 'error' && { type }),
    ...(typeof code === 'string' && code !== '' && statusIn(code) === undefined && { code }),
    ...(typeof param === 'string' && param !== '' && { param }),
    ...(status !== undefined && { status }),
  }
}

/** FastAPI's `["body", "input", 0]`. */
function paramOf(loc: Json | undefined): { readonly param?: string } {
  const path = Array.isArray(loc) ? (loc as readonly Json[]).slice(1).map(String).join('.') : ''
  return path === '' ? {} : { param: path }
}

function statusIn(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && number >= 400 && number < 600 ? number : undefined
}

function withoutWords(status: number, text: string): string {
  if (text === '') return `The upstream answered ${status} without a body.`
  return text.startsWith('<') ? `The upstream answered ${status} with an HTML page.` : text
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    // Not JSON, or cut: it is read as text.
    return undefined
  }
}
