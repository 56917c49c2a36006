import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createCleaner } from './clean.ts'
import { settled } from './fake.test-support.ts'
import { lineOf } from './line.ts'
import { formatNano, recordOf } from './record.ts'

const asIs = createCleaner((text) => text)

describe('recordOf', () => {
  test('says who, what, where and how it ended', () => {
    expect(recordOf(settled(), asIs)).toEqual({
      id: 'r-1',
      clientRequestId: 'c-1',
      key: { id: 'key_1', name: 'laptop' },
      account: 'acme',
      group: 'vip',
      protocol: 'chat',
      operation: 'generate',
      model: 'large',
      target: 'two/large',
      targetProtocol: 'messages',
      relayed: false,
      stream: true,
      status: 200,
      outcome: 'completed',
      finish: 'stop',
      firstOutputMs: 120,
      ms: 812.3,
      tokens: { input: 10, cache_read: 4, output: 20, reasoning: 5 },
      usageSource: 'upstream',
      cost: '0.0012345',
      losses: 1,
      attempts: [
        { target: 'one/large#1', error: 'overloaded', ms: 12.3 },
        { target: 'two/large', ms: 800 },
      ],
    })
  })

  test('a refused request has no key, target or cost, and says so by leaving them out', () => {
    const record = recordOf(
      settled(
        {
          peek: () => undefined,
          outcome: 'refused',
          status: 401,
          model: '',
          target: undefined as never,
          attempts: [],
          error: {
            class: 'authentication',
            code: 'invalid_api_key',
            status: 401,
            message: 'm',
            retryable: false,
            source: 'gateway',
          },
        },
        undefined,
      ),
      asIs,
    )
    expect(record).not.toHaveProperty('key')
    expect(record).not.toHaveProperty('cost')
    expect(record).not.toHaveProperty('target')
    expect(record.error).toEqual({ class: 'authentication', code: 'invalid_api_key', source: 'gateway' })
  })

  test('the text of an error stays out: upstreams quote the prompt in it', () => {
    const error = {
      class: 'invalid_request',
      status: 400,
      message: 'CANARY',
      retryable: false,
      source: 'upstream',
    } as const
    const attempts = [{ target: { provider: 'a', protocol: 'chat', model: 'm' }, error, ms: 1 }]
    expect(JSON.stringify(recordOf(settled({ error, attempts }), asIs))).not.toContain('CANARY')
  })

  test("the client's own texts are bounded", () => {
    const long = 'x'.repeat(100_000)
    expect(
      JSON.stringify(recordOf(settled({ model: long, clientRequestId: long }), asIs)).length,
    ).toBeLessThan(2000)
  })
})

describe('formatNano', () => {
  test.each([
    [0n, '0'],
    [1n, '0.000000001'],
    [1_500_000n, '0.0015'],
    [1_000_000_000n, '1'],
    [-1_000_000_001n, '-1.000000001'],
    [10n ** 30n, '1000000000000000000000'],
  ])('%d is %s', (amount, text) => {
    expect(formatNano(amount)).toBe(text)
  })

  test('can be read back to the nano', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (amount) => {
        const [whole = '', fraction = ''] = formatNano(amount).replace('-', '').split('.')
        const back = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
        return back === (amount < 0n ? -amount : amount)
      }),
    )
  })
})

describe('lineOf', () => {
  test('is one line with everything a player wants to see', () => {
    expect(lineOf(recordOf(settled(), asIs))).toBe(
      'laptop  vip  large → two/large (attempt 2)  first 120 ms, all 812 ms  in 14 (4 cached), out 25 (5 reasoning)  0.0012345  200 completed, 1 lost in conversion',
    )
  })

  test('says why a request failed', () => {
    const error = {
      class: 'insufficient_funds',
      code: 'insufficient_quota',
      status: 429,
      message: 'm',
      retryable: false,
      source: 'gateway',
    } as const
    const refused = settled({
      error,
      status: 429,
      outcome: 'refused',
      attempts: [],
      losses: [],
      target: undefined as never,
    })
    expect(lineOf(recordOf(refused, asIs))).toContain('429 refused: insufficient_funds insufficient_quota')
  })

  test('a hostile model name cannot draw a second line or move the cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (model) => {
        // oxlint-disable-next-line no-control-regex -- these are what must not come through
        return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/.test(
          lineOf(recordOf(settled({ model }), asIs)),
        )
      }),
    )
    expect(lineOf(recordOf(settled({ model: 'a\r\nb\u001b[2J' }), asIs))).toContain('a··b·[2J')
  })
})
