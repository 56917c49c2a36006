import type { GatewayErrorData } from '@gantry/core'
import { describe, expect, it, test } from 'vitest'
import { recorded } from '../recorded.test-support.ts'
import { decodeError, errorInside } from './decode-error.ts'
import { retryAfter } from './retry-after.ts'

const decode = (status: number, body: unknown, headers: Record<string, string> = {}): GatewayErrorData =>
  decodeError(
    status,
    new Headers(headers),
    new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  )
const openai = (
  message: string,
  code: string | null = null,
  type = 'invalid_request_error',
  param: string | null = null,
): object => ({
  error: { message, type, param, code },
})

test.each<[string, number, unknown]>([
  ['invalid_request', 400, openai('Bad.', null, 'invalid_request_error', 'input')],
  ['invalid_request', 400, openai("Unsupported parameter: 'temperature'", 'unsupported_parameter')],
  [
    'invalid_request',
    400,
    openai('The encrypted content could not be verified.', 'invalid_encrypted_content'),
  ],
  ['invalid_request', 400, openai('Not found.', 'previous_response_not_found')],
  [
    'invalid_request',
    422,
    { detail: [{ loc: ['body', 'input', 0], msg: 'field required', type: 'missing' }] },
  ],
  ['invalid_request', 400, { detail: 'Instructions are required' }],
  ['invalid_request', 400, openai('You wrote: "exceeded your current quota".')],
  ['invalid_request', 400, openai('You wrote: "invalid api key".')],
  ['context_length', 400, openai('Too long.', 'context_length_exceeded')],
  ['context_length', 400, openai('Your input exceeds the context window of this model.')],
  ['context_length', 413, openai('prompt is too long: 210000 tokens > 200000 maximum')],
  ['content_policy', 400, openai('Blocked.', 'content_policy_violation')],
  ['content_policy', 403, openai('Your prompt was flagged as violating our usage policy.')],
  ['authentication', 401, openai('Incorrect API key provided.', 'invalid_api_key')],
  ['authentication', 400, openai('API key not valid. Please pass a valid API key.')],
  ['insufficient_funds', 402, { error: 'Payment required' }],
  [
    'insufficient_funds',
    429,
    openai('You exceeded your current quota.', 'insufficient_quota', 'insufficient_quota'),
  ],
  ['insufficient_funds', 403, openai('Insufficient balance.')],
  ['permission', 403, openai('Country not supported.')],
  ['not_found', 404, openai('The model `x` does not exist', 'model_not_found')],
  ['not_found', 404, '404 page not found'],
  ['timeout', 408, ''],
  ['timeout', 504, '<html>504</html>'],
  ['conflict', 409, {}],
  ['too_large', 413, 'Payload Too Large'],
  ['rate_limited', 429, openai('Rate limit reached', 'rate_limit_exceeded', 'requests')],
  [
    'rate_limited',
    429,
    {
      error: {
        type: 'usage_limit_reached',
        message: 'The usage limit has been reached',
        resets_in_seconds: 3600,
      },
    },
  ],
  [
    'overloaded',
    503,
    openai('The server is overloaded', 'server_is_overloaded', 'service_unavailable_error'),
  ],
  ['overloaded', 503, openai('Slow down', 'slow_down')],
  [
    'overloaded',
    500,
    openai('The engine is currently overloaded, please try again later', null, 'server_error'),
  ],
  ['overloaded', 529, ''],
  ['upstream_failed', 500, openai('The server had an error', null, 'server_error')],
  ['upstream_failed', 502, '<html>Bad gateway</html>'],
])('%s %i %j', (kind, status, body) => {
  expect(decode(status, body)).toMatchObject({ class: kind, source: 'upstream' })
})

describe('an error answer', () => {
  it('keeps what clients act on', () => {
    expect(decode(422, openai('Bad.', 'bad', 'invalid_request_error', 'input[0]'))).toEqual({
      class: 'invalid_request',
      status: 422,
      message: 'Bad.',
      code: 'bad',
      param: 'input[0]',
      retryable: false,
      source: 'upstream',
      native: {
        protocol: 'openai-responses',
        value: { message: 'Bad.', type: 'invalid_request_error', param: 'input[0]', code: 'bad' },
      },
    })
    expect(decode(500, 'x'.repeat(10_000)).message).toHaveLength(2000)
    expect(decode(500, '').message).toBe('The upstream answered 500 without a body.')
    expect(decode(502, '<html>').message).toBe('The upstream answered 502 with an HTML page.')
    expect(decode(400, { error: {} }).message).toBe('The upstream reported an error without a message.')
  })

  it('obeys x-should-retry', () => {
    expect(decode(429, openai('Slow.'), { 'x-should-retry': 'false' }).retryable).toBe(false)
    expect(decode(400, openai('Bad.'), { 'x-should-retry': 'true' }).retryable).toBe(true)
  })

  it('says when to come back, in all the ways there are', () => {
    const waits = (headers: Record<string, string>, message = ''): number | undefined =>
      retryAfter(new Headers(headers), message, undefined)
    expect(waits({ 'retry-after-ms': '1500', 'retry-after': '9' })).toBe(1500)
    expect(waits({ 'retry-after': '2.5' })).toBe(2500)
    expect(waits({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() })).toBeGreaterThan(50_000)
    expect(waits({ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' })).toBe(0)
    expect(waits({ 'retry-after': 'soon' })).toBeUndefined()
    expect(waits({}, 'Please try again in 0.5s.')).toBe(500)
    expect(waits({}, 'Please try again in 120ms.')).toBe(120)
    expect(waits({}, 'Please try again in 1m30s.')).toBe(90_000)
    expect(waits({}, 'Please try again in 2h5m.')).toBe(7_500_000)
    expect(waits({}, 'Please try again.')).toBeUndefined()
    expect(waits({ 'retry-after': '1e9' })).toBe(7 * 86_400_000)
    expect(decode(429, { error: { message: 'Limit.', resets_in_seconds: 60 } }).retryAfterMs).toBe(60_000)
  })
})

describe('an error inside a stream', () => {
  it('is told by its code, then its type, then how its text begins', () => {
    const classOf = (error: object): string => errorInside({ type: 'error', ...error }).class
    expect(classOf({ code: 'context_length_exceeded', message: 'Long.' })).toBe('context_length')
    expect(classOf({ error: { code: 'invalid_prompt', message: 'No.' } })).toBe('invalid_request')
    expect(classOf({ error: { type: 'invalid_request_error', message: 'You wrote: "overloaded".' } })).toBe(
      'invalid_request',
    )
    expect(classOf({ error: { type: 'server_error', message: 'The model is overloaded.' } })).toBe(
      'overloaded',
    )
    expect(classOf({ error: { type: 'server_error', message: 'It said: "maximum context length".' } })).toBe(
      'upstream_failed',
    )
    expect(classOf({ message: 'Rate limit reached for requests' })).toBe('rate_limited')
    expect(classOf({ message: 'The user said they are at capacity and exceeded your current quota' })).toBe(
      'upstream_failed',
    )
    expect(classOf({ error: { code: 429, message: 'x' } })).toBe('rate_limited')
    expect(classOf({})).toBe('upstream_failed')
  })
})

it('reads the recorded errors', () => {
  const errors = recorded().filter(({ kind }) => kind === 'error')
  expect(
    errors.map(({ response }) => [response.status, decode(response.status, response.json).class]),
  ).toEqual([
    [400, 'invalid_request'],
    [401, 'authentication'],
    [400, 'insufficient_funds'],
    [400, 'invalid_request'],
  ])
})
