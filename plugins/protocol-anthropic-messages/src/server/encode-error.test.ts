import { describe, expect, it } from 'vitest'
import { GatewayError, type ErrorClass, type GatewayErrorData } from '@gantry/core'
import { encodeError } from './encode-error.ts'

const make = (kind: ErrorClass, message = 'No.', more: Partial<GatewayErrorData> = {}): GatewayErrorData =>
  new GatewayError({ class: kind, message, ...more }).data
const encode = (error: GatewayErrorData): ReturnType<typeof encodeError> =>
  encodeError(error, { requestId: 'req_1' })

describe('status and type', () => {
  it.each<[ErrorClass, number, string]>([
    ['invalid_request', 400, 'invalid_request_error'],
    ['unsupported', 400, 'invalid_request_error'],
    ['context_length', 400, 'invalid_request_error'],
    ['content_policy', 400, 'invalid_request_error'],
    ['authentication', 401, 'authentication_error'],
    ['permission', 403, 'permission_error'],
    ['not_found', 404, 'not_found_error'],
    ['conflict', 409, 'invalid_request_error'],
    ['too_large', 413, 'request_too_large'],
    ['insufficient_funds', 429, 'billing_error'],
    ['rate_limited', 429, 'rate_limit_error'],
    ['timeout', 504, 'timeout_error'],
    ['internal', 500, 'api_error'],
    ['upstream_failed', 502, 'api_error'],
    ['upstream_truncated', 502, 'api_error'],
    ['overloaded', 529, 'overloaded_error'],
  ])('%s', (kind, status, type) => {
    const encoded = encode(make(kind))
    expect(encoded.status).toBe(status)
    expect(encoded.body).toMatchObject({ type: 'error', error: { type }, request_id: 'req_1' })
    expect(encoded.headers?.['request-id']).toBe('req_1')
  })

  it('a setting for empty wallets counts', () => {
    expect(encode(make('insufficient_funds', 'No.', { status: 402 })).status).toBe(402)
  })
})

describe('retries', () => {
  it('are told when, in whole seconds', () => {
    expect(encode(make('rate_limited', 'No.', { retryAfterMs: 1200 })).headers?.['retry-after']).toBe('2')
    expect(encode(make('rate_limited')).headers).not.toHaveProperty('retry-after')
  })

  it.each<[ErrorClass, string | undefined]>([
    ['insufficient_funds', 'false'],
    ['authentication', 'false'],
    ['permission', 'false'],
    ['content_policy', 'false'],
    ['rate_limited', undefined],
    ['overloaded', undefined],
    ['upstream_failed', undefined],
    // Claude Code compacts the conversation and comes again.
    ['context_length', undefined],
  ])('of %s: %s', (kind, word) => expect(encode(make(kind)).headers?.['x-should-retry']).toBe(word))
})

describe('a prompt that is too long', () => {
  it.each([
    [
      'prompt is too long: 210000 tokens > 200000 maximum',
      'prompt is too long: 210000 tokens > 200000 maximum',
    ],
    [
      "This model's maximum context length is 131072 tokens. However, you requested 1000008 tokens (1000007 in the messages, 1 in the completion). Please reduce the length.",
      'prompt is too long: 1000008 tokens > 131072 maximum',
    ],
    [
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens. Please reduce the length of the messages.",
      'prompt is too long: 130001 tokens > 128000 maximum',
    ],
    [
      'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).',
      'prompt is too long: 1048577 tokens > 1048576 maximum',
    ],
    [
      'the request (9,000 tokens) exceeds the available context size (8,192 tokens), try increasing it',
      'prompt is too long: 9000 tokens > 8192 maximum',
    ],
    [
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length',
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length',
    ],
    [
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
      'prompt is too long: Your input exceeds the context window of this model. Please adjust your input and try again.',
    ],
  ])('%s', (message, said) => {
    expect(encode(make('context_length', message)).body).toMatchObject({ error: { message: said } })
  })

  it('of any other class keeps its words', () => {
    const message = 'The input token count (9) exceeds the maximum number of tokens allowed (8).'
    expect(encode(make('invalid_request', message)).body).toMatchObject({ error: { message } })
  })

  it('is read in time that a long message does not stretch', () => {
    const message = `maximum context length is ${'1 tokens '.repeat(200_000)}`
    const began = performance.now()
    encode(make('context_length', message))
    expect(performance.now() - began).toBeLessThan(500)
  })
})
