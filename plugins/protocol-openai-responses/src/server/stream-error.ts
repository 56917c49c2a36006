import type { ErrorClass, GatewayErrorData, JsonObject } from '@gantry/core'
import { name } from '../name.ts'
import { errorObject, withRequestId } from './encode-error.ts'

/**
 * Codes that clients act on inside a failed response. Codex ends the turn on the first five and with its own words;
 * it waits for `rate_limit_exceeded`; every other code it tries again. Source: protocols as measured with Codex 0.169.
 */
const final: ReadonlySet<string> = new Set([
  'context_length_exceeded',
  'insufficient_quota',
  'invalid_prompt',
  'server_is_overloaded',
  'slow_down',
  'rate_limit_exceeded',
  'server_error',
])

/** The code of a failed response by class: what no retry cures has to be one that ends the turn. */
const codes: { readonly [name in ErrorClass]: string } = {
  invalid_request: 'invalid_prompt',
  unsupported: 'invalid_prompt',
  too_large: 'invalid_prompt',
  content_policy: 'invalid_prompt',
  authentication: 'invalid_prompt',
  permission: 'invalid_prompt',
  not_found: 'invalid_prompt',
  conflict: 'server_error',
  cancelled: 'server_error',
  context_length: 'context_length_exceeded',
  insufficient_funds: 'insufficient_quota',
  rate_limited: 'rate_limit_exceeded',
  overloaded: 'server_is_overloaded',
  timeout: 'server_error',
  upstream_failed: 'server_error',
  upstream_truncated: 'server_error',
  internal: 'server_error',
}

/** `error` of a failed response. What an upstream of this wire said about its own failure keeps its words. */
export function failureOf(error: GatewayErrorData, requestId: string): JsonObject {
  const code = error.code !== undefined && final.has(error.code) ? error.code : codes[error.class]
  return { code, message: messageOf(error, requestId) }
}

/**
 * The `error` frame without its number. The fields stand at the top, as the vendor's schema has them, and once more
 * under `error`, as the vendor sends them: readers differ in where they look.
 */
export function errorFrame(error: GatewayErrorData, requestId: string): JsonObject {
  const inner = { ...errorObject(error, requestId), message: messageOf(error, requestId) }
  const { code, message, param } = inner as JsonObject
  return { type: 'error', code, message, param, error: inner }
}

/** Codex waits as long as the text says, so a known wait is in it. */
function messageOf(error: GatewayErrorData, requestId: string): string {
  if (error.native?.protocol === name && error.source === 'upstream') return error.message
  const { message, retryAfterMs } = error
  const waits = error.class === 'rate_limited' && retryAfterMs !== undefined && !/try again in/i.test(message)
  return withRequestId(
    waits ? `${message} Please try again in ${Math.max(0, retryAfterMs) / 1000}s.` : message,
    requestId,
  )
}
