import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeError } from './decode-error.ts'

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const of = (status: number, type?: string, message = 'Something'): string =>
  decodeError(status, new Headers(), bytes({ type: 'error', error: { type, message } })).class

describe('errors', () => {
  it('are classed by type, then by status', () => {
    expect(of(400, 'invalid_request_error')).toBe('invalid_request')
    expect(of(401, 'authentication_error')).toBe('authentication')
    expect(of(402, 'billing_error')).toBe('insufficient_funds')
    expect(of(403, 'permission_error')).toBe('permission')
    expect(of(404, 'not_found_error')).toBe('not_found')
    expect(of(413, 'request_too_large')).toBe('too_large')
    expect(of(429, 'rate_limit_error')).toBe('rate_limited')
    expect(of(500, 'api_error')).toBe('upstream_failed')
    // The vendor says `api_error` for all trouble of its own; a status of overload says more.
    expect(of(503, 'api_error')).toBe('overloaded')
    expect(of(504, 'timeout_error')).toBe('timeout')
    expect(of(529, 'overloaded_error')).toBe('overloaded')
    expect([400, 402, 408, 409, 418, 500, 503, 529, 302].map((status) => of(status))).toEqual([
      'invalid_request',
      'insufficient_funds',
      'timeout',
      'conflict',
      'invalid_request',
      'upstream_failed',
      'overloaded',
      'overloaded',
      'upstream_failed',
    ])
  })

  it('are read where the wire has no type', () => {
    expect(
      of(400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
    ).toBe('insufficient_funds')
    expect(of(400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum')).toBe(
      'context_length',
    )
    expect(
      of(400, 'invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2 > 2'),
    ).toBe('context_length')
    expect(of(400, 'invalid_request_error', 'Output blocked by content filtering policy')).toBe(
      'content_policy',
    )
    expect(of(500, 'api_error', 'prompt is too long')).toBe('upstream_failed')
  })

  it('say nothing of a credential where they quote the request', () => {
    for (const message of [
      'messages.0: "Your credit balance is too low" is no role',
      "tool_choice: Input tag 'spending limit' found using 'type' does not match any of the expected tags",
      'metadata.user_id: spend limit is too long',
    ]) {
      for (const [status, type] of [
        [400, 'invalid_request_error'],
        [413, 'request_too_large'],
        [422, undefined],
      ] as const) {
        expect([message, of(status, type, message)]).not.toEqual([message, 'insufficient_funds'])
      }
    }
    const limit = 'You have reached your specified API usage limits. You will regain access on 2027-01-01.'
    expect(of(400, 'invalid_request_error', limit)).toBe('insufficient_funds')
    expect(of(429, 'rate_limit_error', 'This request would exceed the spend limit of your workspace')).toBe(
      'insufficient_funds',
    )
  })

  it('say when to come back', () => {
    const after = (headers: { [name: string]: string }): unknown =>
      decodeError(429, new Headers(headers), bytes('')).retryAfterMs
    expect(after({ 'retry-after': '12' })).toBe(12_000)
    expect(after({ 'retry-after': '1.5' })).toBe(1500)
    expect(after({ 'retry-after': '9', 'retry-after-ms': '250' })).toBe(250)
    expect(after({ 'retry-after': new Date(Date.now() - 1000).toUTCString() })).toBe(0)
    expect(after({ 'retry-after': 'soon' })).toBeUndefined()
    expect(decodeError(429, new Headers({ 'x-should-retry': 'false' }), bytes('')).retryable).toBe(false)
    expect(decodeError(400, new Headers({ 'x-should-retry': 'true' }), bytes('')).retryable).toBe(true)
  })

  it('survive any body', () => {
    const message = 'The upstream answered 502 without a readable error.'
    for (const body of [
      '',
      '<html>Bad gateway</html>',
      '{"error":',
      '[]',
      'null',
      '{}',
      '{"error":{"message":" "}}',
    ]) {
      expect(decodeError(502, new Headers(), bytes(body))).toMatchObject({
        class: 'upstream_failed',
        message,
        source: 'upstream',
      })
    }
    expect(decodeError(400, new Headers(), bytes({ error: 'plain' })).message).toBe('plain')
    expect(decodeError(400, new Headers(), bytes({ message: 'x'.repeat(9000) })).message).toHaveLength(4000)
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fc.uint8Array(), fc.json(), (status, noise, json) => {
        for (const body of [noise, bytes(json)])
          expect(decodeError(status, new Headers(), body).message).not.toBe('')
      }),
    )
  })
})

describe('state that its issuer does not take', () => {
  const codeOf = (message: string): string | undefined =>
    decodeError(
      400,
      new Headers(),
      bytes({ type: 'error', error: { type: 'invalid_request_error', message } }),
    ).code

  it.each([
    'messages.1.content.0: Invalid `signature` in `thinking` block',
    'messages.3.content.0: Invalid `data` in `redacted_thinking` block',
    'messages.5.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
    'messages.2.content.1: `encrypted_content` is invalid or could not be decrypted',
  ])('has a code that core acts on: %s', (message) => expect(codeOf(message)).toBe('invalid_signature'))

  it.each([
    'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.',
    'messages.1.content.0.thinking.signature: Field required',
    'messages.0.content.0.source: invalid base64 data',
    'thinking.budget_tokens: Input should be greater than or equal to 1024',
  ])('is another fault than: %s', (message) => expect(codeOf(message)).toBeUndefined())
})
