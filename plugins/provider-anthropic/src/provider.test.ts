import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootNotes, GatewayError } from '@gantry/core'
import type { ErrorClass, GatewayErrorData, HttpProvider, JsonObject, ProviderPlugin } from '@gantry/core'
import { captureContext, httpProvider } from '@gantry/testing'
import anthropic, { classifyAnthropic } from './index.ts'

const { context } = captureContext({ protocol: 'anthropic-messages' })
const target = { provider: 'anthropic', protocol: 'anthropic-messages', model: 'claude-sonnet-4-6' }

const http = (plugin: ProviderPlugin): HttpProvider => httpProvider(plugin, 'anthropic')

describe('anthropic', () => {
  it('speaks the messages wire with x-api-key, and leaves the version to the body', () => {
    const provider = http(anthropic({ apiKey: 'sk-ant-1' }))
    expect(provider).toMatchObject({
      name: 'anthropic',
      speaks: ['anthropic-messages'],
      credentials: 1,
      cancelStopsBilling: 'unknown',
    })
    expect(provider.endpoint(target, context)).toEqual({
      url: 'https://api.anthropic.com/v1',
      headers: { 'x-api-key': 'sk-ant-1' },
    })
  })

  it('chooses among credentials and refuses one it does not have', () => {
    const provider = http(anthropic({ apiKey: ['a', 'b'] }))
    expect(provider.credentials).toBe(2)
    expect(provider.endpoint({ ...target, credential: 1 }, context)).toMatchObject({
      headers: { 'x-api-key': 'b' },
    })
    expect(() => provider.endpoint({ ...target, credential: 7 }, context)).toThrow('no credential 7')
  })

  it('sends betas once each', () => {
    const provider = http(anthropic({ apiKey: 'k', betas: ['a-2025-01-01', 'b-2026-01-01', 'a-2025-01-01'] }))
    expect(provider.endpoint(target, context)).toMatchObject({
      headers: { 'anthropic-beta': 'a-2025-01-01,b-2026-01-01' },
    })
  })

  it('keeps the betas a client of the same wire asks for, and no other client’s', () => {
    const provider = http(anthropic({ apiKey: 'k', betas: ['ours'] }))
    const headers = new Headers({ 'anthropic-beta': 'theirs-1, ours,theirs-2' })
    const asking = { ...context, wire: { ...context.wire, headers } }
    expect(provider.endpoint(target, asking)).toMatchObject({
      headers: { 'anthropic-beta': 'ours,theirs-1,theirs-2', 'x-api-key': 'k' },
    })
    expect(provider.endpoint(target, { ...asking, protocol: 'openai-chat' })).toMatchObject({
      headers: { 'anthropic-beta': 'ours' },
    })
  })

  it('passes data through', async () => {
    const provider = http(
      anthropic({
        apiKey: 'k',
        baseUrl: 'http://127.0.0.1:9/v1//',
        quirks: { a: 1 },
        timeouts: { connectMs: 1 },
        retryAfterSent: true,
        models: ['claude-sonnet-4-6'],
      }),
    )
    expect(provider.endpoint(target, context)).toMatchObject({ url: 'http://127.0.0.1:9/v1' })
    expect(provider.quirks).toEqual({ 'anthropic-messages': { a: 1 } })
    expect(provider.timeouts).toEqual({ connectMs: 1 })
    expect(provider.retryAfterSent).toBe(true)
    expect(await provider.models?.(context.signal)).toEqual([{ id: 'claude-sonnet-4-6' }])
  })

  it.each([
    [{ apiKey: '' }, 'apiKey'],
    [{ apiKey: ['a', 'a'] }, 'apiKey'],
    [{ apiKey: 'k', baseUrl: 'https://api.anthropic.com/v1/messages' }, 'baseUrl'],
    [{ apiKey: 'k', baseUrl: 'https://a:b@api.anthropic.com/v1' }, 'baseUrl'],
    [{ apiKey: 'k', baseUrl: 'https://api.anthropic.com/v1?x' }, 'baseUrl'],
    [{ apiKey: 'k', baseUrl: 'wss://api.anthropic.com/v1' }, 'baseUrl'],
    [{ apiKey: 'k', betas: ['a,b'] }, 'betas.0'],
    [{ apiKey: 'k', timeouts: { idleMs: 1.5 } }, 'timeouts.idleMs'],
  ])('refuses %j and names the option', (options, path) => {
    expect(bootNotes(anthropic(options)).problems.map((problem) => problem.path)).toEqual([
      `provider-anthropic.${path}`,
    ])
  })
})

/** What a messages protocol makes of an envelope, by status alone. */
function decoded(status: number, type: string, message: string): GatewayErrorData {
  const classes: Record<number, ErrorClass> = {
    401: 'authentication',
    403: 'permission',
    429: 'rate_limited',
  }
  return new GatewayError({
    class: classes[status] ?? (status >= 500 ? 'upstream_failed' : 'invalid_request'),
    status,
    message,
    source: 'upstream',
    native: { protocol: 'anthropic-messages', value: { type: 'error', error: { type, message } } },
  }).data
}

describe('classify', () => {
  it.each<[string, number, string, string, ErrorClass]>([
    [
      'no credit',
      400,
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
      'insufficient_funds',
    ],
    [
      'usage limit',
      400,
      'invalid_request_error',
      'You have reached your specified API usage limits.',
      'insufficient_funds',
    ],
    ['billing', 402, 'billing_error', 'x', 'insufficient_funds'],
    ['disabled', 400, 'invalid_request_error', 'This organization has been disabled.', 'authentication'],
    ['bad key', 401, 'authentication_error', 'invalid x-api-key', 'authentication'],
    ['permission', 403, 'permission_error', 'x', 'permission'],
    ['overloaded', 529, 'overloaded_error', 'Overloaded', 'overloaded'],
    ['overloaded in a stream', 200, 'overloaded_error', 'Overloaded', 'overloaded'],
    ['too fast', 429, 'rate_limit_error', 'This request would exceed the rate limit', 'rate_limited'],
    [
      'spend limit',
      429,
      'rate_limit_error',
      'Your workspace has reached its spend limit',
      'insufficient_funds',
    ],
    [
      'too long',
      400,
      'invalid_request_error',
      'prompt is too long: 345320 tokens > 199999 maximum',
      'context_length',
    ],
    [
      'sum too long',
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 1 + 2 > 2',
      'context_length',
    ],
    ['too large', 413, 'request_too_large', 'Request exceeds the maximum size', 'too_large'],
    ['server', 500, 'api_error', 'Internal server error', 'upstream_failed'],
  ])('%s', (_name, status, type, message, expected) => {
    expect(classifyAnthropic(decoded(status, type, message)).class).toBe(expected)
  })

  it('leaves the recorded request fault alone, and its envelope with it', () => {
    const path = new URL(
      '../../../test/fixtures/anthropic/pydai-test_anthropic_explicit_effort_xhigh_unsupported_model_errors.json',
      import.meta.url,
    )
    const capture = JSON.parse(readFileSync(path, 'utf8')) as {
      exchanges: { response: { status: number; json: JsonObject } }[]
    }
    const { status, json } = capture.exchanges.find(({ response }) => response.status === 400)!.response
    const inner = json.error as { type: string; message: string }
    const error = decoded(status, inner.type, inner.message)
    expect(classifyAnthropic(error)).toBe(error)
  })

  it('is not talked into trouble by the words of a client', () => {
    const quotes = [
      'messages.0: "Your credit balance is too low" is no role',
      'x: This organization has been disabled.',
    ]
    for (const message of quotes) {
      expect(classifyAnthropic(decoded(400, 'invalid_request_error', message)).class).toBe('invalid_request')
    }
  })

  it('is stable and keeps the message', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.string(), fc.string(), (status, type, message) => {
        const found = classifyAnthropic(decoded(status, type, message))
        expect(found.message).toBe(message)
        expect(classifyAnthropic(found)).toEqual(found)
      }),
    )
  })
})
