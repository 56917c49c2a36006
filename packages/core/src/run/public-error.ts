import type { ErrorClass, GatewayErrorData, Json, JsonObject } from '../model/index.ts'
import { statusOf } from '../error.ts'

/** Classes whose upstream text goes to the client, redacted, because clients act on it. */
export const requestFaults: readonly ErrorClass[] = [
  'invalid_request',
  'context_length',
  'too_large',
  'unsupported',
  'content_policy',
  'not_found',
  'conflict',
]

/** Classes of an upstream that mean our credential, not the client's. */
export const credentialTrouble: readonly ErrorClass[] = ['authentication', 'permission', 'insufficient_funds']

const ownText: { readonly [name in ErrorClass]?: string } = {
  rate_limited: 'The upstream provider is rate limited. Try again later.',
  overloaded: 'The upstream provider is overloaded. Try again later.',
  timeout: 'The upstream provider did not answer in time.',
  upstream_truncated: 'The upstream provider closed the stream before it was complete.',
}

/**
 * What of an error a client may see. Errors of the gateway pass. Request faults of an upstream keep their text, redacted;
 * its credential trouble is ours and becomes 502 `upstream_failed`; everything else gets our own text.
 */
export function publicError(error: GatewayErrorData, redact: (text: string) => string): GatewayErrorData {
  if (error.source === 'gateway' || requestFaults.includes(error.class)) return redacted(error, redact)
  const { native: _native, param: _param, code: _code, ...rest } = error
  if (credentialTrouble.includes(error.class)) {
    return {
      ...rest,
      class: 'upstream_failed',
      status: statusOf.upstream_failed,
      message: 'The upstream provider refused the request of this gateway.',
      retryable: true,
    }
  }
  return {
    ...rest,
    status: statusOf[error.class],
    message: ownText[error.class] ?? 'The upstream provider failed to answer this request.',
  }
}

/** Every text of it that can reach the client: the message, what names the field, and the upstream's own envelope. */
function redacted(error: GatewayErrorData, redact: (text: string) => string): GatewayErrorData {
  const { message, code, param, native } = error
  return {
    ...error,
    // An error told inside a 200 has that status, and so may one that a plugin made.
    status: error.status >= 400 && error.status <= 599 ? error.status : (statusOf[error.class] ?? 500),
    message: redact(message),
    ...(code === undefined ? {} : { code: redact(code) }),
    ...(param === undefined ? {} : { param: redact(param) }),
    ...(native === undefined
      ? {}
      : { native: { ...native, value: redactJson(native.value, redact, 0) as JsonObject } }),
  }
}

/** Deeper than any envelope is; what lies below is left out. */
const deepest = 16

function redactJson(
  value: Json | undefined,
  redact: (text: string) => string,
  depth: number,
): Json | undefined {
  if (typeof value === 'string') return redact(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === deepest) return null
  if (isList(value)) return value.map((item) => redactJson(item, redact, depth + 1) ?? null)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, redactJson(item, redact, depth + 1)]),
  )
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
