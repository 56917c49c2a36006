import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientHeaders, isSafeHeaderValue, pickHeaders, safeHeaderValue, upstreamHeaders } from './headers.ts'

describe('pickHeaders', () => {
  it('lets no header of the client through but the listed ones', () => {
    const from = new Headers({
      authorization: 'Bearer k',
      cookie: 'a=b',
      'x-api-key': 'k',
      'x-forwarded-for': '10.0.0.1',
      'cf-ray': '1',
      via: '1.1 x',
      traceparent: '00-1',
      'content-type': 'application/json',
      accept: 'text/event-stream',
    })
    expect(pickHeaders(from, upstreamHeaders)).toEqual({
      'content-type': 'application/json',
      accept: 'text/event-stream',
    })
  })

  it('lets no header of the upstream through but the listed ones', () => {
    const from = new Headers({
      'set-cookie': 'a=b',
      server: 'x',
      'openai-organization': 'secret',
      'cf-ray': '1',
      'x-request-id': 'theirs',
      'retry-after': '3',
      'x-ratelimit-limit-requests': '10',
      'anthropic-ratelimit-tokens-remaining': '5',
      'x-should-retry': 'false',
    })
    expect(pickHeaders(from, clientHeaders)).toEqual({
      'retry-after': '3',
      'x-ratelimit-limit-requests': '10',
      'anthropic-ratelimit-tokens-remaining': '5',
      'x-should-retry': 'false',
    })
  })
})

describe('safeHeaderValue', () => {
  it('makes any text a legal header value of at most the given length, and is one to one when it fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const value = safeHeaderValue(text, 64)
        expect(value.length).toBeLessThanOrEqual(64)
        expect(isSafeHeaderValue(value)).toBe(true)
        expect(() => new Headers({ 'x-a': value })).not.toThrow()
        const whole = safeHeaderValue(text, 10_000)
        expect(decodeURIComponent(whole)).toBe(text.toWellFormed())
      }),
    )
  })

  it('leaves plain text alone', () => {
    expect(safeHeaderValue('openai/gpt-5.5')).toBe('openai/gpt-5.5')
    expect(safeHeaderValue('a\r\nset-cookie: x')).toBe('a%0D%0Aset-cookie: x')
  })

  it('knows what breaks a header', () => {
    expect(['a\rb', 'a\nb', 'a\0b', 'ab'].map(isSafeHeaderValue)).toEqual([false, false, false, true])
  })
})
