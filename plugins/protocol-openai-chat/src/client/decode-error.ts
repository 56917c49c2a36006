import {
  GatewayError,
  statusOf,
  type ErrorClass,
  type GatewayErrorData,
  type Json,
  type JsonObject,
} from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { name, objectsOf, stringOf } from '../own.ts'
import { classOf } from './classify.ts'
import { retryAfter } from './retry-after.ts'

/** Longest message taken over from an upstream. */
const maxMessage = 2000

/** Reads any error answer: OpenAI's envelope, other shapes seen behind compatible hosts, HTML, nothing at all. */
export function decodeError(status: number, headers: Headers, body: Uint8Array): GatewayErrorData {
  const text = new TextDecoder().decode(body.subarray(0, 64 * 1024)).trim()
  const value = parsed(text)
  const found = isObject(value) || Array.isArray(value) ? findError(value) : undefined
  if (found) return errorData(found, status, headers)
  const message =
    text === ''
      ? `The upstream answered ${status} without a body.`
      : text.startsWith('<')
        ? `The upstream answered ${status} with an HTML page.`
        : text
  return errorData({ message }, status, headers)
}

/** An error object inside a 200 or a stream frame; undefined when there is none. */
export function errorInside(body: JsonObject): GatewayErrorData | undefined {
  const { error } = body
  if (error === undefined || error === null || error === false || error === '') {
    if (body['object'] !== 'error' && body['type'] !== 'error') return undefined
  }
  const found = findError(body)
  return found && errorData(found, 200)
}

interface Found {
  readonly message: string
  readonly type?: string
  readonly code?: string
  readonly param?: string
  /** A status inside the body. */
  readonly status?: number
  readonly envelope?: JsonObject
}

function errorData(found: Found, status: number, headers?: Headers): GatewayErrorData {
  const effective = status >= 200 && status < 400 ? (found.status ?? status) : status
  const retryAfterMs = retryAfter(headers, found.message, found.envelope)
  const said = classOf(effective, found)
  // "You exceeded your current quota" with a time to come back is Google's limit per minute, not an empty purse.
  const comesBack = said === 'insufficient_funds' && found.code === undefined && retryAfterMs !== undefined
  const kind = comesBack ? 'rate_limited' : said
  return new GatewayError({
    class: kind,
    status: statusFor(kind, effective),
    message: found.message.slice(0, maxMessage),
    ...(found.code !== undefined && { code: found.code }),
    ...(found.param !== undefined && { param: found.param }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    source: 'upstream',
    ...(found.envelope && { native: { protocol: name, value: found.envelope } }),
  }).data
}

/** A request's fault keeps the upstream's status (422), everything else gets its class's. */
function statusFor(kind: ErrorClass, status: number): number {
  const isRequestFault = kind === 'invalid_request' || kind === 'unsupported' || kind === 'content_policy'
  return isRequestFault && status >= 400 && status < 500 ? status : statusOf[kind]
}

function findError(value: JsonObject | readonly Json[]): Found | undefined {
  // Google's compatible endpoint wraps the object in a list.
  if (Array.isArray(value)) {
    const [first] = objectsOf(value as readonly Json[])
    return first && findError(first)
  }
  const body = value as JsonObject
  const { error } = body
  if (typeof error === 'string') return { message: error, ...wordsOf(body) }
  if (isObject(error)) return fromObject(error)
  if (Array.isArray(body['errors'])) {
    const first = (body['errors'] as readonly Json[])[0]
    if (typeof first === 'string') return { message: first }
    if (isObject(first)) return fromObject(first)
  }
  const detail = detailOf(body['detail'])
  if (detail) return detail
  return typeof body['message'] === 'string' || isObject(body['message']) ? fromObject(body) : undefined
}

function fromObject(error: JsonObject): Found {
  const raw = isObject(error['metadata']) ? stringOf(error['metadata']['raw']) : undefined
  const inner = error['message'] ?? error['msg'] ?? error['detail']
  const own =
    typeof inner === 'string' ? inner : inner === undefined || inner === null ? '' : JSON.stringify(inner)
  // OpenRouter says "Provider returned error" and puts the cause beside it.
  const message = raw && own === 'Provider returned error' ? `${own}: ${raw}` : own
  return {
    message: message || 'The upstream reported an error without a message.',
    ...wordsOf(error),
    envelope: error,
  }
}

function wordsOf(error: JsonObject): Omit<Found, 'message'> {
  const { code, type, param } = error
  const numeric = numericStatus(code) ?? numericStatus(error['status_code']) ?? numericStatus(error['status'])
  return {
    ...(typeof type === 'string' && type !== '' && { type }),
    ...(typeof code === 'string' && code !== '' && numericStatus(code) === undefined && { code }),
    ...(typeof param === 'string' && param !== '' && { param }),
    ...(numeric !== undefined && { status: numeric }),
  }
}

/** FastAPI: a string, or a list of `{loc, msg}`. */
function detailOf(detail: Json | undefined): Found | undefined {
  if (typeof detail === 'string') return { message: detail }
  if (isObject(detail)) return fromObject(detail)
  const [first] = objectsOf(detail)
  if (!first) return undefined
  const path = Array.isArray(first['loc'])
    ? (first['loc'] as readonly Json[]).slice(1).map(String).join('.')
    : ''
  return { message: stringOf(first['msg']) ?? JSON.stringify(first), ...(path !== '' && { param: path }) }
}

function numericStatus(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && number >= 400 && number < 600 ? number : undefined
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    // Not JSON, or cut: it is read as text.
    return undefined
  }
}
