import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '@gantry/core'
import type { ErrorClass, GatewayErrorData, JsonObject } from '@gantry/core'
import { classifyCompatible } from './index.ts'

/** What a chat protocol makes of an envelope: class by status, text and code where they usually stand. */
function decoded(status: number, body: JsonObject): GatewayErrorData {
  const inner = (typeof body.error === 'object' && body.error !== null ? body.error : body) as JsonObject
  const message = inner.message ?? body.error
  const classes: Record<number, ErrorClass> = {
    401: 'authentication',
    403: 'permission',
    404: 'not_found',
    413: 'too_large',
    429: 'rate_limited',
  }
  const fallback: ErrorClass = status >= 500 || status === 200 ? 'upstream_failed' : 'invalid_request'
  return new GatewayError({
    class: classes[status] ?? fallback,
    status,
    message: typeof message === 'string' ? message : '',
    ...(typeof inner.code === 'string' && { code: inner.code }),
    source: 'upstream',
    native: { protocol: 'openai-chat', value: body },
  }).data
}

function recorded(file: string): { status: number; json: JsonObject } {
  const path = new URL(`../../../test/fixtures/chat/${file}.json`, import.meta.url)
  const capture = JSON.parse(readFileSync(path, 'utf8')) as {
    exchanges: { response: { status: number; json: JsonObject } }[]
  }
  const failed = capture.exchanges.find(({ response }) => response.status >= 400)
  if (!failed) throw new Error(`${file} has no error`)
  return failed.response
}

describe('recorded errors', () => {
  it.each([
    [
      'rubyllm-chat_real_error_scenarios_deepseek_deepseek-chat_handles_context_length_exceeded_errors',
      'context_length',
    ],
    [
      'rubyllm-chat_error_handling_with_openrouter_claude-haiku-4-5_raises_appropriate_auth_error',
      'authentication',
    ],
    ['pydai-test_openrouter_errors_raised', 'rate_limited'],
    ['vercel-reasoning-model-legacy-parameter-error', 'invalid_request'],
  ])('%s is %s', (file, expected) => {
    const { status, json } = recorded(file)
    expect(classifyCompatible(decoded(status, json)).class).toBe(expected)
  })
})

describe('vendor dialects', () => {
  it.each<[string, number, JsonObject, ErrorClass]>([
    [
      'OpenAI, no money',
      429,
      {
        error: {
          message: 'You exceeded your current quota, please check your plan.',
          type: 'insufficient_quota',
          param: null,
          code: 'insufficient_quota',
        },
      },
      'insufficient_funds',
    ],
    [
      'OpenAI, too fast',
      429,
      {
        error: {
          message: 'Rate limit reached for requests',
          type: 'requests',
          param: null,
          code: 'rate_limit_exceeded',
        },
      },
      'rate_limited',
    ],
    [
      'OpenAI, bad key',
      401,
      {
        error: {
          message: 'Incorrect API key provided: sk-x.',
          type: 'invalid_request_error',
          param: null,
          code: 'invalid_api_key',
        },
      },
      'authentication',
    ],
    [
      'OpenAI, country',
      403,
      {
        error: {
          message: 'Country, region, or territory not supported',
          code: 'unsupported_country_region_territory',
          type: 'request_forbidden',
        },
      },
      'permission',
    ],
    [
      'OpenAI, context',
      400,
      {
        error: {
          message: 'too long',
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      },
      'context_length',
    ],
    [
      'OpenAI, capacity',
      503,
      { error: { message: 'busy', type: 'server_error', code: 'server_is_overloaded' } },
      'overloaded',
    ],
    [
      'DeepSeek, no money',
      402,
      {
        error: {
          message: 'Insufficient Balance',
          type: 'unknown_error',
          param: null,
          code: 'invalid_request_error',
        },
      },
      'insufficient_funds',
    ],
    [
      'OpenRouter, flagged',
      403,
      {
        error: { code: 403, message: 'openai/x requires moderation. Your input was flagged for "violence".' },
      },
      'content_policy',
    ],
    [
      'OpenRouter, key limit',
      403,
      { error: { code: 403, message: 'Key limit exceeded (total limit).' } },
      'insufficient_funds',
    ],
    [
      'OpenRouter, inside a 200',
      200,
      { error: { code: 402, message: 'Insufficient credits' } },
      'insufficient_funds',
    ],
    [
      'Groq, flex',
      498,
      { error: { message: 'no capacity', type: 'capacity', code: 'capacity_exceeded' } },
      'overloaded',
    ],
    [
      'Groq, larger than a minute',
      413,
      {
        error: {
          message: 'Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 6294',
          type: 'tokens',
          code: 'rate_limit_exceeded',
        },
      },
      'rate_limited',
    ],
    ['Mistral, bad key', 401, { message: 'Unauthorized', request_id: 'x' }, 'authentication'],
    [
      'Mistral, context',
      400,
      {
        object: 'error',
        message: 'Prompt contains 66385 tokens, too large for model with 32768 maximum context length',
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
      'context_length',
    ],
    [
      'Mistral, capacity',
      429,
      {
        object: 'error',
        message: 'Service tier capacity exceeded for this model.',
        type: 'service_tier_capacity_exceeded',
        param: null,
        code: '3505',
      },
      'overloaded',
    ],
    [
      'xAI, bad key at 400',
      400,
      { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***. ' },
      'authentication',
    ],
    [
      'xAI, no money',
      429,
      {
        code: 'resource-exhausted',
        error: 'Your team has either used all available credits or reached its monthly spending limit.',
      },
      'insufficient_funds',
    ],
    [
      'xAI, context',
      400,
      {
        code: 'x',
        error: "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
      },
      'context_length',
    ],
    [
      'Together, context at 403',
      403,
      {
        error: {
          message: 'Input token count + max_tokens must be less than the context length of the model',
          type: 'invalid_request_error',
        },
      },
      'context_length',
    ],
    [
      'Moonshot, no money',
      429,
      { error: { message: 'suspended', type: 'exceeded_current_quota_error' } },
      'insufficient_funds',
    ],
    [
      'Moonshot, overloaded',
      429,
      {
        error: {
          message: 'The engine is currently overloaded, please try again later',
          type: 'engine_overloaded_error',
        },
      },
      'overloaded',
    ],
    [
      'Moonshot, context',
      400,
      {
        error: {
          message: 'Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)',
          type: 'invalid_request_error',
        },
      },
      'context_length',
    ],
    [
      'Google compatible, bad key',
      400,
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
        },
      },
      'authentication',
    ],
  ])('%s', (_name, status, body, expected) => {
    const error = classifyCompatible(decoded(status, body))
    expect(error.class).toBe(expected)
    expect(error.native?.value).toBe(body)
  })

  it('corrects status and retryability together with the class', () => {
    const error = classifyCompatible(decoded(429, { error: { message: 'x', code: 'insufficient_quota' } }))
    expect(error).toMatchObject({
      class: 'insufficient_funds',
      status: 429,
      retryable: false,
      source: 'upstream',
    })
    const busy = classifyCompatible(decoded(498, { error: { message: 'x', code: 'capacity_exceeded' } }))
    expect(busy).toMatchObject({ class: 'overloaded', status: 503, retryable: true })
  })
})

describe('retry-after in words', () => {
  it.each([
    ['Rate limit reached. Please try again in 1.242s. Visit us.', 1242],
    ['Please try again in 7m12.5s.', 432_500],
    ['please try again after 1 seconds', 1000],
    ['Please retry after 20 seconds.', 20_000],
    ['Please try again in 250ms.', 250],
    ['try again in 9h', 3_600_000],
    ['try again in a moment', undefined],
    ['try again in 5 bananas', undefined],
  ])('%s', (message, expected) => {
    const error = classifyCompatible(decoded(429, { error: { message, code: 'rate_limit_exceeded' } }))
    expect(error.retryAfterMs).toBe(expected)
  })

  it('keeps what the header said', () => {
    const error = { ...decoded(429, { error: { message: 'try again in 9s' } }), retryAfterMs: 5 }
    expect(classifyCompatible(error).retryAfterMs).toBe(5)
  })
})

describe('what a client can make an upstream say', () => {
  it.each([
    [400, "Invalid value: 'insufficient balance'. Supported values are …"],
    [422, 'messages[0]: "Incorrect API key provided" is not a role'],
    [404, 'The model `you exceeded your current quota` does not exist'],
  ])('does not kill a credential: %i %s', (status, message) => {
    const error = classifyCompatible(decoded(status, { error: { message, type: 'invalid_request_error' } }))
    expect(['authentication', 'permission', 'insufficient_funds']).not.toContain(error.class)
  })

  it('never throws, keeps the message and stays quick on any envelope', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.jsonValue(),
        fc.string(),
        (status, body, message) => {
          const value = (
            typeof body === 'object' && body !== null && !Array.isArray(body) ? body : { body }
          ) as JsonObject
          const error = decoded(status, { ...value, message })
          const found = classifyCompatible(error)
          expect(found.message).toBe(error.message)
          expect(found.source).toBe('upstream')
          expect(classifyCompatible(found).class).toBe(found.class)
        },
      ),
    )
    const started = performance.now()
    classifyCompatible(decoded(429, { error: { message: 'try again in 1s '.repeat(1_000_000) } }))
    expect(performance.now() - started).toBeLessThan(500)
  })
})
