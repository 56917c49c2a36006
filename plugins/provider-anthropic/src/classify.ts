import { GatewayError } from '@gantry/core'
import type { ErrorClass, GatewayErrorData, JsonObject } from '@gantry/core'

/**
 * Corrects what the messages protocol made of an error of Anthropic's where only the text tells the truth:
 * an empty wallet, a spend limit and a disabled organization come as 400 `invalid_request_error` and 429.
 * At 400 such a text has to open the message, because a 400 may go on to quote the client's own words.
 */
export function classifyAnthropic(error: GatewayErrorData): GatewayErrorData {
  const inner = error.native?.value.error
  const detail: JsonObject = isObject(inner) ? inner : {}
  const type = typeof detail.type === 'string' ? detail.type : ''
  const text = (error.message || (typeof detail.message === 'string' ? detail.message : '')).slice(0, 2000)
  const to = classOf(error.status, type, text)
  if (to === undefined || to === error.class) return error
  const { class: _class, status: _status, retryable: _retryable, ...rest } = error
  return new GatewayError({ ...rest, class: to }).data
}

function classOf(status: number, type: string, text: string): ErrorClass | undefined {
  if (
    /^(?:your credit balance is too low|you have reached your specified (?:workspace )?api usage limits)/i.test(
      text,
    )
  ) {
    return 'insufficient_funds'
  }
  if (type === 'billing_error' || status === 402) return 'insufficient_funds'
  if (status === 429 && /spend(?:ing)? limit/i.test(text)) return 'insufficient_funds'
  if (/^this organization has been disabled/i.test(text)) return 'authentication'
  if (type === 'authentication_error' || status === 401) return 'authentication'
  if (type === 'overloaded_error' || status === 529) return 'overloaded'
  if (
    /^(?:prompt is too long|input is too long|input length and `max_tokens` exceed context limit)/i.test(text)
  ) {
    return 'context_length'
  }
  if (type === 'request_too_large') return 'too_large'
  if (/^output blocked by content filtering policy/i.test(text)) return 'content_policy'
  if (type === 'timeout_error') return 'timeout'
  return undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
