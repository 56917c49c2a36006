import type { ErrorClass, GatewayErrorData } from '../model/index.ts'
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
  if (error.source === 'gateway') return { ...error, message: redact(error.message) }
  if (requestFaults.includes(error.class)) return { ...error, message: redact(error.message) }
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
