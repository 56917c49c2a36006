import { GatewayError, type ErrorClass, type GatewayErrorData, type JsonObject } from '@gantry/core'
import { parseJsonLossless } from '@gantry/core/codec'
import { asObject, asString } from '../json.ts'
import { protocolName } from '../name.ts'

/** An error answer is small; a page that is not one is not read to its end. */
const maxBodyBytes = 256 * 1024
const maxMessageLength = 4000

const classOfType: ReadonlyMap<string, ErrorClass> = new Map([
  ['invalid_request_error', 'invalid_request'],
  ['authentication_error', 'authentication'],
  ['billing_error', 'insufficient_funds'],
  ['permission_error', 'permission'],
  ['not_found_error', 'not_found'],
  ['request_too_large', 'too_large'],
  ['rate_limit_error', 'rate_limited'],
  ['timeout_error', 'timeout'],
  ['overloaded_error', 'overloaded'],
  ['api_error', 'upstream_failed'],
])

const classOfStatus: ReadonlyMap<number, ErrorClass> = new Map([
  [401, 'authentication'],
  [402, 'insufficient_funds'],
  [403, 'permission'],
  [404, 'not_found'],
  [408, 'timeout'],
  [409, 'conflict'],
  [413, 'too_large'],
  [429, 'rate_limited'],
  [503, 'overloaded'],
  [504, 'timeout'],
  [529, 'overloaded'],
])

/** What the wire has no type for. Sources: recorded errors, platform.claude.com "Errors" and "Context windows". */
const classOfText: readonly (readonly [RegExp, ErrorClass])[] = [
  // Only what opens a message: a 400 may go on to quote the client's own words.
  [
    /^your credit balance is too low|^you have reached your specified\b.{0,40}\bapi usage limits/i,
    'insufficient_funds',
  ],
  [
    /prompt is too long|exceeds? (the )?(model's )?context (limit|window)|context_length_exceeded/i,
    'context_length',
  ],
  [/content filtering policy/i, 'content_policy'],
]

/**
 * Opaque state that its issuer does not take: `messages.1.content.0: Invalid \`signature\` in \`thinking\` block`, and the
 * same of `data` in `redacted_thinking`. Core then asks once more without any.
 */
const staleState =
  /invalid `?(?:signature|data)`? in `?(?:redacted_)?thinking`?|`?(?:redacted_)?thinking`? blocks?[^.]{0,80}\bcannot be modified|`?encrypted_content`?[^.]{0,40}\b(?:invalid|could not be (?:read|decrypted))/i

/**
 * An error answer as the gateway's own error. The body may be the wire's envelope, another vendor's, HTML or nothing.
 * `retry-after-ms` counts milliseconds, `retry-after` seconds or a date; `x-should-retry` overrules the class.
 */
export function decodeError(status: number, headers: Headers, body: Uint8Array): GatewayErrorData {
  const error = errorFromEnvelope(parseBody(body), status)
  const retryAfterMs = retryAfter(headers)
  const shouldRetry = headers.get('x-should-retry')
  return {
    ...error,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(shouldRetry === 'true' && { retryable: true }),
    ...(shouldRetry === 'false' && { retryable: false }),
  }
}

/** `{type: "error", error: {type, message}}`, in an error answer, in a stream, or in a 200 that is none. */
export function errorFromEnvelope(envelope: JsonObject | undefined, status?: number): GatewayErrorData {
  const inner = asObject(envelope?.['error'])
  const text =
    asString(inner?.['message']) ??
    asString(envelope?.['error']) ??
    asString(envelope?.['message']) ??
    asString(envelope?.['detail'])
  const message = text?.trim() ? text.slice(0, maxMessageLength) : unreadable(status)
  const type = asString(inner?.['type'])
  const kind = classify(type, status, text ?? '')
  return new GatewayError({
    class: kind,
    message,
    ...(kind === 'invalid_request' && staleState.test(message) && { code: 'invalid_signature' }),
    source: 'upstream',
    ...(envelope && { native: { protocol: protocolName, value: envelope } }),
  }).data
}

function classify(type: string | undefined, status: number | undefined, text: string): ErrorClass {
  const known = type === undefined ? undefined : classOfType.get(type)
  const byStatus = status === undefined ? undefined : (classOfStatus.get(status) ?? rangeOf(status))
  // `api_error` is the vendor's word for any trouble of its own; a status of overload says more.
  const vague = known === 'upstream_failed' && byStatus === 'overloaded'
  const first = (vague ? byStatus : known) ?? byStatus ?? 'upstream_failed'
  const ambiguous =
    first === 'invalid_request' || first === 'rate_limited' || first === 'permission' || first === 'too_large'
  const quotesNobody = first === 'rate_limited' || first === 'permission'
  if (quotesNobody && /credit balance is too low|spend(?:ing)? limit/i.test(text)) return 'insufficient_funds'
  const found = ambiguous ? classOfText.find(([pattern]) => pattern.test(text))?.[1] : undefined
  return found ?? first
}

function rangeOf(status: number): ErrorClass {
  return status >= 400 && status < 500 ? 'invalid_request' : 'upstream_failed'
}

function unreadable(status: number | undefined): string {
  return status === undefined
    ? 'The upstream reported an error without a message.'
    : `The upstream answered ${status} without a readable error.`
}

function parseBody(body: Uint8Array): JsonObject | undefined {
  if (body.byteLength === 0 || body.byteLength > maxBodyBytes) return undefined
  try {
    return asObject(parseJsonLossless(new TextDecoder().decode(body)))
  } catch {
    // HTML, text or a cut body: the status says what there is to say.
    return undefined
  }
}

function retryAfter(headers: Headers): number | undefined {
  const precise = amount(headers.get('retry-after-ms'))
  if (precise !== undefined) return Math.round(precise)
  const value = headers.get('retry-after')
  const seconds = amount(value)
  if (seconds !== undefined) return Math.round(seconds * 1000)
  const date = value ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function amount(value: string | null): number | undefined {
  return value !== null && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined
}
