import { describe, expect, test } from 'vitest'
import { recorded } from '../recorded.fixture.ts'
import { decodeError } from './decode-error.ts'

const decode = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): ReturnType<typeof decodeError> =>
  decodeError(
    status,
    new Headers(headers),
    new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  )
const openai = (message: string, code: string | null = null, type = 'invalid_request_error'): object => ({
  error: { message, type, param: null, code },
})

test.each<[string, number, unknown]>([
  ['invalid_request', 400, openai('Bad.')],
  [
    'invalid_request',
    422,
    { detail: [{ loc: ['body', 'messages', 0], msg: 'field required', type: 'missing' }] },
  ],
  ['invalid_request', 400, { object: 'error', message: 'Bad.', type: 'BadRequestError', code: 400 }],
  ['context_length', 400, openai('Too long', 'context_length_exceeded')],
  [
    'context_length',
    400,
    openai("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens"),
  ],
  ['context_length', 413, openai('prompt is too long: 210000 tokens > 200000 maximum')],
  ['content_policy', 400, openai('Blocked', 'content_filter')],
  ['content_policy', 403, { error: { code: 403, message: 'Your input was flagged for: violence' } }],
  ['authentication', 401, openai('Incorrect API key provided', 'invalid_api_key')],
  [
    'authentication',
    400,
    [
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
  ],
  [
    'insufficient_funds',
    402,
    { error: { message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' } },
  ],
  [
    'insufficient_funds',
    429,
    openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'),
  ],
  [
    'insufficient_funds',
    403,
    { error: { message: 'no', type: 'new_api_error', code: 'insufficient_user_quota' } },
  ],
  ['permission', 403, openai('No access')],
  ['not_found', 404, openai('The model `x` does not exist', 'model_not_found')],
  ['not_found', 404, '404 page not found'],
  ['timeout', 408, ''],
  ['timeout', 504, '<html>504</html>'],
  ['conflict', 409, {}],
  ['too_large', 413, 'Payload Too Large'],
  ['rate_limited', 429, openai('Rate limit reached', 'rate_limit_exceeded', 'requests')],
  ['rate_limited', 429, ''],
  ['overloaded', 503, openai('The server is overloaded', null, 'server_error')],
  ['overloaded', 529, {}],
  [
    'overloaded',
    500,
    openai('The engine is currently overloaded, please try again later', null, 'server_error'),
  ],
  ['upstream_failed', 500, openai('Server error', null, 'server_error')],
  ['upstream_failed', 502, '<!DOCTYPE html><html><body>Bad gateway</body></html>'],
  ['upstream_failed', 200, ''],
  ['upstream_failed', 301, ''],
])('%s: %i %j', (kind, status, body) => {
  const error = decode(status, body)
  expect(error).toMatchObject({ class: kind, source: 'upstream' })
  expect(error.message).not.toBe('')
  expect(error.message).not.toContain('<')
})

// Hosts quote what they refuse, so a client could otherwise talk a healthy credential out of service.
test.each([400, 404, 409, 413, 422])(
  "%i that quotes the client's words says nothing of a credential",
  (status) => {
    for (const words of [
      'invalid api key',
      'api key not valid',
      'out of credits',
      'insufficient quota',
      'exceeded your current quota',
      'account is not active',
      'spending limit',
    ]) {
      for (const message of [
        `Invalid value: '${words}'. Supported values are: 'low', 'medium', and 'high'.`,
        `Unknown field ${words}`,
        `messages[0].name: ${words} does not match the pattern`,
      ]) {
        const { class: kind } = decode(status, openai(message))
        expect([kind, message]).not.toEqual(['authentication', message])
        expect([kind, message]).not.toEqual(['insufficient_funds', message])
      }
    }
  },
)

test.each<[string, number, unknown]>([
  ['insufficient_funds', 400, openai('Your credit balance is too low to use this API.')],
  ['insufficient_funds', 400, openai('Insufficient balance')],
  ['insufficient_funds', 400, openai('You exceeded your current quota, check your plan')],
  ['insufficient_funds', 400, openai('Access denied, please make sure your account is paid', 'Arrearage')],
  ['authentication', 400, openai('Incorrect API key provided: sk-***')],
  ['authentication', 422, openai('Invalid API key')],
])('%s: a credential named at the opening of a %i', (kind, status, body) => {
  expect(decode(status, body)).toMatchObject({ class: kind })
})

test('a request fault keeps its status, the rest has the one of its class', () => {
  expect(decode(422, {}).status).toBe(422)
  expect(decode(529, {}).status).toBe(503)
  expect(decode(402, {}).status).toBe(429)
})

test('an error without words, and a very long one', () => {
  expect(decode(500, '').message).toBe('The upstream answered 500 without a body.')
  expect(decode(500, 'x'.repeat(100_000)).message.length).toBeLessThanOrEqual(2000)
})

describe('when to come back', () => {
  test.each<[number | undefined, Record<string, string>, unknown]>([
    [2000, { 'retry-after': '2' }, ''],
    [1500, { 'retry-after': '1.5' }, ''],
    [250, { 'retry-after-ms': '250', 'retry-after': '9' }, ''],
    [600, {}, openai('Please try again in 600ms.')],
    [1_300, {}, openai('Rate limit reached. Please try again in 1.3s.')],
    [61_500, {}, openai('Please try again in 1m1.5s')],
    [34_000, {}, { error: { message: 'x', details: [{ '@type': 'RetryInfo', retryDelay: '34s' }] } }],
    [0, { 'retry-after': '-5' }, ''],
    [86_400_000, { 'retry-after': '99999999999' }, ''],
    [undefined, { 'retry-after': 'soon' }, ''],
  ])('%s ms: %o', (ms, headers, body) => {
    expect(decode(429, body, headers).retryAfterMs).toBe(ms)
  })
  test('as a date', () => {
    const at = new Date(Date.now() + 30_000).toUTCString()
    const wait = decode(429, '', { 'retry-after': at }).retryAfterMs
    expect(wait).toBeGreaterThan(25_000)
    expect(wait).toBeLessThanOrEqual(30_000)
  })
})

test('recorded errors', () => {
  const found = recorded()
    .filter(({ response }) => response.status >= 400)
    .map(({ response }) => decode(response.status, response.json).class)
  expect(found).toEqual([
    'rate_limited',
    'rate_limited',
    'rate_limited',
    'authentication',
    'context_length',
    'invalid_request',
  ])
})
