import type { EncodedError, ErrorClass, GatewayErrorData, JsonObject } from '@gantry/core'
import { name } from '../name.ts'
import { defined, paramOf, type Draft } from '../own.ts'

interface Words {
  readonly type: string
  readonly code?: string
}

const request: Words = { type: 'invalid_request_error' }
const server: Words = { type: 'server_error' }

const words: { readonly [name in ErrorClass]: Words } = {
  invalid_request: request,
  unsupported: request,
  too_large: request,
  conflict: request,
  permission: request,
  context_length: { ...request, code: 'context_length_exceeded' },
  content_policy: { ...request, code: 'content_policy_violation' },
  authentication: { ...request, code: 'invalid_api_key' },
  not_found: { ...request, code: 'model_not_found' },
  insufficient_funds: { type: 'insufficient_quota', code: 'insufficient_quota' },
  rate_limited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  overloaded: { ...server, code: 'server_is_overloaded' },
  timeout: server,
  cancelled: request,
  upstream_failed: server,
  upstream_truncated: server,
  internal: server,
}

/** Classes whose upstream words a client may see: they are about what it sent. */
const shown: ReadonlySet<ErrorClass> = new Set([
  'invalid_request',
  'unsupported',
  'context_length',
  'content_policy',
  'too_large',
])

/** Codex reads the type of these, not the code: it stops at once and says when the plan's window ends. */
const planCodes: ReadonlySet<string> = new Set(['usage_limit_reached', 'usage_not_included'])

/** An error as OpenAI's clients read it. Only what the error data says goes out: no cause, no stack. */
export function encodeError(error: GatewayErrorData, context: { requestId: string }): EncodedError {
  const headers: { [name: string]: string } = {}
  if (error.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.max(0, Math.ceil(error.retryAfterMs / 1000)))
    headers['retry-after-ms'] = String(Math.max(0, Math.round(error.retryAfterMs)))
  }
  // No retry fills a wallet: without this word the SDKs would try a 429 again.
  if (error.class === 'insufficient_funds' || planCodes.has(error.code ?? '')) {
    headers['x-should-retry'] = 'false'
  }
  return {
    status: error.status,
    ...(Object.keys(headers).length > 0 && { headers }),
    body: { error: errorObject(error, context.requestId) },
  }
}

/** What stands under `error`: message, type, param and code, always all four. */
export function errorObject(error: GatewayErrorData, requestId: string): JsonObject {
  const own = words[error.class]
  const native = nativeWords(error)
  const wrongPath = error.class === 'not_found' && error.message.startsWith('Invalid URL (')
  const code = wrongPath ? '' : (error.code ?? native?.['code'] ?? own.code ?? null)
  const plan = typeof code === 'string' && planCodes.has(code)
  return defined({
    message: withRequestId(error.message, requestId),
    type: plan ? code : (native?.['type'] ?? own.type),
    param: wrongPath ? '' : error.param === undefined ? (native?.['param'] ?? null) : paramOf(error.param),
    code,
    resets_in_seconds:
      plan && error.retryAfterMs !== undefined
        ? Math.max(0, Math.ceil(error.retryAfterMs / 1000))
        : undefined,
  })
}

/** A request id at the end of a message, once. */
export function withRequestId(message: string, requestId: string): string {
  const suffix = `(request id: ${requestId})`
  return message.endsWith(suffix) ? message : `${message} ${suffix}`
}

function nativeWords(error: GatewayErrorData): Draft | undefined {
  if (error.native?.protocol !== name || !shown.has(error.class)) return undefined
  const { type, param, code } = error.native.value
  return {
    ...(typeof type === 'string' && type !== '' && { type }),
    ...(typeof param === 'string' && { param }),
    ...(typeof code === 'string' && { code }),
  }
}
