import { GatewayError, type GatewayErrorInput } from '@gantry/core'
import { expect, test } from 'vitest'
import { encodeError } from './encode-error.ts'

const encode = (input: GatewayErrorInput): ReturnType<typeof encodeError> =>
  encodeError(new GatewayError(input).data, { requestId: 'req_7' })

test.each<[GatewayErrorInput['class'], number, string, string | null]>([
  ['invalid_request', 400, 'invalid_request_error', null],
  ['unsupported', 400, 'invalid_request_error', null],
  ['context_length', 400, 'invalid_request_error', 'context_length_exceeded'],
  ['content_policy', 400, 'invalid_request_error', 'content_policy_violation'],
  ['authentication', 401, 'invalid_request_error', 'invalid_api_key'],
  ['permission', 403, 'invalid_request_error', null],
  ['not_found', 404, 'invalid_request_error', 'model_not_found'],
  ['conflict', 409, 'invalid_request_error', null],
  ['too_large', 413, 'invalid_request_error', null],
  ['insufficient_funds', 429, 'insufficient_quota', 'insufficient_quota'],
  ['rate_limited', 429, 'rate_limit_error', 'rate_limit_exceeded'],
  ['overloaded', 503, 'server_error', 'server_is_overloaded'],
  ['timeout', 504, 'server_error', null],
  ['upstream_failed', 502, 'server_error', null],
  ['upstream_truncated', 502, 'server_error', null],
  ['internal', 500, 'server_error', null],
])('%s', (kind, status, type, code) => {
  expect(encode({ class: kind, message: 'Sorry.' })).toMatchObject({
    status,
    body: { error: { message: 'Sorry. (request id: req_7)', type, param: null, code } },
  })
})

test('a pointer becomes a path, and the id is said once', () => {
  const { body } = encode({
    class: 'unsupported',
    message: 'No (request id: req_7)',
    param: '/messages/0/content/1',
  })
  expect(body).toEqual({
    error: {
      message: 'No (request id: req_7)',
      type: 'invalid_request_error',
      param: 'messages[0].content[1]',
      code: null,
    },
  })
})

test('retry headers', () => {
  expect(encode({ class: 'rate_limited', message: 'x', retryAfterMs: 1200 }).headers).toEqual({
    'retry-after': '2',
    'retry-after-ms': '1200',
  })
  expect(encode({ class: 'insufficient_funds', message: 'x' }).headers).toEqual({ 'x-should-retry': 'false' })
  expect(encode({ class: 'insufficient_funds', message: 'x', retryAfterMs: 1000 }).headers).toEqual({
    'retry-after': '1',
    'retry-after-ms': '1000',
  })
  expect(encode({ class: 'internal', message: 'x' }).headers).toBeUndefined()
})

test('a wrong path has the shape that clients of such gateways know', () => {
  expect(encode({ class: 'not_found', message: 'Invalid URL (POST /v1/foo)' })).toEqual({
    status: 404,
    body: {
      error: {
        message: 'Invalid URL (POST /v1/foo) (request id: req_7)',
        type: 'invalid_request_error',
        param: '',
        code: '',
      },
    },
  })
})

test("the upstream's own words only where they are about the request", () => {
  const native = {
    protocol: 'openai-chat',
    value: { type: 'their_type', code: 'their_code', param: 'top', secret: 'x' },
  }
  const shown = encode({ class: 'invalid_request', message: 'x', source: 'upstream', native })
  expect(shown.body['error']).toEqual({
    message: 'x (request id: req_7)',
    type: 'their_type',
    param: 'top',
    code: 'their_code',
  })
  const hidden = encode({ class: 'upstream_failed', message: 'x', source: 'upstream', native })
  expect(JSON.stringify(hidden.body)).not.toMatch(/their_|secret/)
})
