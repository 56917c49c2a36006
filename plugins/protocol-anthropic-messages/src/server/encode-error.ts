import type { EncodedError, ErrorClass, GatewayErrorData, JsonObject } from '@gantry/core'

/** The wire's type for each class (platform.claude.com, "Errors"). */
const types: { readonly [name in ErrorClass]: string } = {
  invalid_request: 'invalid_request_error',
  unsupported: 'invalid_request_error',
  context_length: 'invalid_request_error',
  content_policy: 'invalid_request_error',
  conflict: 'invalid_request_error',
  cancelled: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  too_large: 'request_too_large',
  insufficient_funds: 'billing_error',
  rate_limited: 'rate_limit_error',
  overloaded: 'overloaded_error',
  timeout: 'timeout_error',
  upstream_failed: 'api_error',
  upstream_truncated: 'api_error',
  internal: 'api_error',
}

/** What a retry cannot cure; clients would try 401, 429 and 5xx again, and some of them everything. */
const final: ReadonlySet<ErrorClass> = new Set([
  'insufficient_funds',
  'authentication',
  'permission',
  'content_policy',
])

/** An error as Anthropic's clients read it. Only what the error data says goes out: no cause, no stack. */
export function encodeError(error: GatewayErrorData, context: { requestId: string }): EncodedError {
  const { requestId } = context
  const headers: { [name: string]: string } = { 'request-id': requestId }
  if (error.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.max(0, Math.ceil(error.retryAfterMs / 1000)))
  }
  if (final.has(error.class)) headers['x-should-retry'] = 'false'
  return { status: statusOf(error), headers, body: errorBody(error, requestId) }
}

/** The envelope; the same in a stream. */
export function errorBody(error: GatewayErrorData, requestId: string): JsonObject {
  return {
    type: 'error',
    error: { type: types[error.class], message: messageOf(error) },
    request_id: requestId,
  }
}

/** Overload has a status of its own here; Claude Code counts it apart. */
function statusOf(error: GatewayErrorData): number {
  return error.class === 'overloaded' && error.status === 503 ? 529 : error.status
}

/** The forms that Claude Code acts on: it compacts the conversation, or asks for less, by their numbers. */
const exact = /^(?:prompt is too long|input length and `max_tokens` exceed context limit)/

function messageOf(error: GatewayErrorData): string {
  if (error.class !== 'context_length' || exact.test(error.message)) return error.message
  const sizes = sizesIn(error.message)
  return sizes
    ? `prompt is too long: ${sizes.tokens} tokens > ${sizes.maximum} maximum`
    : `prompt is too long: ${error.message}`
}

const count = String.raw`(\d[\d,_]{0,14})`

/**
 * What other wires say of the size of a prompt. Sources: recorded errors of OpenAI, Gemini and compatible hosts, and the
 * texts of vLLM and llama.cpp.
 */
const sayings: readonly { readonly text: RegExp; readonly tokens: number; readonly maximum: number }[] = [
  // OpenAI: "maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens"
  {
    text: new RegExp(
      String.raw`maximum context length (?:is|of) ${count}[^]{0,200}?(?:resulted in|requested|contains?|used) (?:at least )?(?:about )?${count}`,
      'i',
    ),
    tokens: 2,
    maximum: 1,
  },
  // Gemini: "The input token count (130000) exceeds the maximum number of tokens allowed (128000)"
  {
    text: new RegExp(
      String.raw`token count(?: is)? \(?${count}\)?[^]{0,40}? exceeds the maximum[^]{0,60}?\(?${count}\)?`,
      'i',
    ),
    tokens: 1,
    maximum: 2,
  },
  // llama.cpp and others: "the request (130000 tokens) exceeds the available context size (128000 tokens)"
  {
    text: new RegExp(
      String.raw`${count} tokens\)?[^]{0,40}? exceeds?[^]{0,60}?(?:context|limit|maximum)[^]{0,30}?\(?${count}`,
      'i',
    ),
    tokens: 1,
    maximum: 2,
  },
  // Anthropic in other hosts' words: "130000 tokens > 128000 maximum"
  { text: new RegExp(String.raw`${count}(?: tokens)? > ${count}`), tokens: 1, maximum: 2 },
]

function sizesIn(message: string): { readonly tokens: number; readonly maximum: number } | undefined {
  const text = message.slice(0, 2000)
  for (const saying of sayings) {
    const found = saying.text.exec(text)
    const tokens = numberOf(found?.[saying.tokens])
    const maximum = numberOf(found?.[saying.maximum])
    if (tokens !== undefined && maximum !== undefined && tokens > maximum) return { tokens, maximum }
  }
  return undefined
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits.replaceAll(/[,_]/g, ''))
}
