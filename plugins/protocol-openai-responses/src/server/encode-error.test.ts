import { describe, expect, it, test } from 'vitest'
import type { ErrorClass, GatewayErrorData } from '@gantry/core'
import { statusOf } from '@gantry/core'
import { encodeError } from './encode-error.ts'
import { violations } from './schema.test-support.ts'

const context = { requestId: 'req_7' }
const data = (more: Partial<GatewayErrorData> = {}): GatewayErrorData => ({
  class: 'invalid_request',
  status: 400,
  message: 'No.',
  retryable: false,
  source: 'gateway',
  ...more,
})
const errorIn = (more: Partial<GatewayErrorData>): unknown => encodeError(data(more), context).body['error']

test.each<[ErrorClass, number, string, string | null]>([
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
])('%s is %i %s with code %s', (name, status, type, code) => {
  const encoded = encodeError(data({ class: name, status: statusOf[name] }), context)
  expect(encoded.status).toBe(status)
  expect(encoded.body).toEqual({
    error: { message: 'No. (request id: req_7)', type, param: null, code },
  })
  expect(violations('ErrorResponse', encoded.body)).toEqual([])
})

describe('headers', () => {
  it('say when to come back', () => {
    expect(encodeError(data({ class: 'rate_limited', retryAfterMs: 1_200 }), context).headers).toEqual({
      'retry-after': '2',
      'retry-after-ms': '1200',
    })
    expect(encodeError(data({}), context).headers).toBeUndefined()
  })

  it('keep clients from trying what no retry cures', () => {
    const empty = data({ class: 'insufficient_funds', status: 429, retryAfterMs: 60_000 })
    expect(encodeError(empty, context).headers).toMatchObject({
      'x-should-retry': 'false',
      'retry-after': '60',
    })
  })
})

describe('the body', () => {
  it('names the field as OpenAI does', () => {
    expect(errorIn({ param: '/input/0/content/1/text' })).toMatchObject({ param: 'input[0].content[1].text' })
    expect(errorIn({ param: 'model' })).toMatchObject({ param: 'model' })
  })

  it('of a plan that is used up has the type that Codex reads', () => {
    const used = data({
      class: 'rate_limited',
      status: 429,
      code: 'usage_limit_reached',
      retryAfterMs: 90_500,
    })
    const { body, headers } = encodeError(used, context)
    expect(body['error']).toMatchObject({
      type: 'usage_limit_reached',
      code: 'usage_limit_reached',
      resets_in_seconds: 91,
    })
    expect(headers).toMatchObject({ 'x-should-retry': 'false' })
  })

  it('shows words of an upstream of this wire only about what the client sent', () => {
    const native = {
      protocol: 'openai-responses',
      value: { type: 'image_error', code: 'invalid_image', param: 'input[0]' },
    }
    expect(errorIn({ source: 'upstream', native })).toMatchObject({
      type: 'image_error',
      code: 'invalid_image',
      param: 'input[0]',
    })
    expect(errorIn({ class: 'overloaded', source: 'upstream', native })).toMatchObject({
      type: 'server_error',
      code: 'server_is_overloaded',
      param: null,
    })
  })

  it('of a path that nobody serves has the shape that clients know', () => {
    expect(errorIn({ class: 'not_found', message: 'Invalid URL (POST /v1/foo)' })).toMatchObject({
      param: '',
      code: '',
    })
  })
})
