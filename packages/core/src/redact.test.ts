import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redact.ts'

describe('exact values', () => {
  const redact = createRedactor(['p@ss "word"/1', 'abc', 'tail-secret', 'tail-secret-longer'])

  test('are removed plain, inside JSON, inside a URL and as base64', () => {
    const secret = 'p@ss "word"/1'
    expect(redact(`x ${secret} y`)).toBe('x [redacted] y')
    expect(redact(JSON.stringify({ at: `x${secret}` }))).toBe('{"at":"x[redacted]"}')
    expect(redact(`https://h/?q=${encodeURIComponent(secret)}`)).toBe('https://h/?q=[redacted]')
    expect(redact(Buffer.from(secret).toString('base64'))).not.toContain('cEBzcyAid29yZCIv')
  })

  test('the longer of two that begin alike leaves no tail', () => {
    expect(redact('tail-secret-longer')).toBe('[redacted]')
  })

  test('words too short to be secrets stay readable', () => {
    expect(redact('abc')).toBe('abc')
  })

  test('no secret survives in any text around it', () => {
    const secret = fc.string({ minLength: 6, maxLength: 40, unit: 'binary' })
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 5 }), fc.string(), (secrets, text) => {
        const clean = createRedactor(secrets)(text + secrets.join(text) + text)
        return secrets.every(
          (one) => '[redacted]'.includes(one) || !clean.replaceAll('[redacted]', '\0').includes(one),
        )
      }),
    )
  })
})

describe('shapes', () => {
  const redact = createRedactor([])
  test.each([
    ['Incorrect API key provided: sk-proj-abcdefghijklmnop1234', 'Incorrect API key provided: sk-[redacted]'],
    ['key AIzaSyA1234567890abcdefghijklmnop.', 'key AIza[redacted].'],
    ['GET https://h/v1?alt=sse&key=abcd1234&x=1', 'GET https://h/v1?alt=sse&key=[redacted]&x=1'],
    ['authorization: Bearer abcdefgh.ijkl', 'authorization: Bearer [redacted]'],
    ['gantry_live_0123456789abcdefghijklmnopqrstuvABCDEF', 'gantry_live_[redacted]'],
    [
      'no response resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b',
      'no response resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b',
    ],
    [
      'msg_01XFDUDYJgAACzvnptvVoYEL chatcmpl-BxYzAbCdEfGhIjKlMnOpQrStUvWx',
      'msg_01XFDUDYJgAACzvnptvVoYEL chatcmpl-BxYzAbCdEfGhIjKlMnOpQrStUvWx',
    ],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'eyJ[redacted]'],
    [
      'a task-list with the model gpt-5.4-mini-2026-03-05',
      'a task-list with the model gpt-5.4-mini-2026-03-05',
    ],
    ['request 0198c5f2-7d1a-7cc3-b6a0-5e1f0c9d8a77', 'request 0198c5f2-7d1a-7cc3-b6a0-5e1f0c9d8a77'],
  ])('%s', (text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  test('redacting twice changes nothing more', () => {
    const piece = fc.constantFrom(
      'sk-',
      'Bearer ',
      '?key=',
      'AIza',
      'eyJ',
      'abcdefghij0123456789',
      '.',
      ' ',
      '"',
      '[redacted]',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const once = redact(pieces.join(''))
        return redact(once) === once
      }),
    )
  })

  test.each(['sk-', 'eyJaaaaaaaa-', 'Bearer ', '?key=abc&', 'ab_ab_', 'AIza', 'a-'])(
    'ten times of %j takes about ten times the time',
    (piece) => {
      const time = (length: number): number => {
        const text = piece.repeat(length / piece.length)
        const begin = performance.now()
        for (let round = 0; round < 2; round++) redact(text)
        return performance.now() - begin
      }
      time(1_000_000)
      expect(time(10_000_000) / Math.max(1, time(1_000_000))).toBeLessThan(40)
    },
  )
})

describe('fields', () => {
  const { fields } = createRedactor(['hunter2-secret'])

  test('every text is clean, names too', () => {
    const value = {
      list: ['hunter2-secret', { 'x-hunter2-secret': 1 }],
      error: new Error('at hunter2-secret'),
    }
    expect(JSON.stringify(fields(value))).not.toContain('hunter2')
  })

  test('what is named like a secret is hidden whatever it holds', () => {
    const headers = new Headers({ Authorization: 'x', 'content-type': 'y' })
    expect(fields({ headers, apiKey: 5, password: 'p' })).toEqual({
      headers: { authorization: '[redacted]', 'content-type': 'y' },
      apiKey: '[redacted]',
      password: '[redacted]',
    })
  })

  test('circles, depth, size, bytes and odd values end well', () => {
    const circle: { self?: unknown; big: bigint } = { big: 10n ** 20n }
    circle.self = circle
    expect(fields(circle)).toEqual({ big: '100000000000000000000', self: '[circular]' })
    let deep: unknown = 'end'
    for (let level = 0; level < 50_000; level++) deep = { deep }
    expect(JSON.stringify(fields(deep))).toContain('[too deep]')
    expect((fields(Array.from({ length: 5000 }, () => 1)) as unknown[]).length).toBe(1000)
    expect(fields({ body: new Uint8Array(9), call: () => 1 })).toEqual({ body: '[9 bytes]', call: undefined })
  })

  test('long texts are cut, and the cut leaves no half secret', () => {
    for (let at = 8170; at < 8200; at++) {
      const [short] = fields([`${'x'.repeat(at)}hunter2-secret${'y'.repeat(20_000)}`]) as [string]
      expect(short.length).toBeLessThan(8300)
      expect(short).not.toContain('hunt')
    }
  })

  test('a field named __proto__ is data', () => {
    const copy = fields(JSON.parse('{"__proto__": {"admin": true}}')) as { admin?: boolean }
    expect(copy.admin).toBeUndefined()
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true}}')
  })
})
