import { group, key, type Key, type KeyRef, type SettleContext } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { requestLine } from './request-line.ts'

const target = { provider: 'sim', protocol: 'openai-chat', model: 'small-1' }

function settled(
  change: Partial<SettleContext> = {},
  values: readonly [KeyRef, unknown][] = known,
): SettleContext {
  const found = new Map<symbol, unknown>(values.map(([one, value]) => [one.id, value]))
  const peek = <T>(one: Key<T>): T | undefined => found.get(one.id) as T | undefined
  return {
    id: 'req_1',
    signal: new AbortController().signal,
    protocol: 'openai-chat',
    operation: 'generate',
    wire: {
      method: 'POST',
      path: '/chat/completions',
      params: {},
      headers: new Headers(),
      body: new Uint8Array(),
      json: () => ({}),
    },
    receivedAt: new Date('2026-11-20T16:01:02.345Z'),
    get: (one) => {
      const value = peek(one)
      if (value === undefined) throw new Error(`nobody wrote ${one.name}`)
      return value
    },
    peek,
    set() {},
    subrequest: async () => {
      throw new Error('not here')
    },
    model: 'small',
    stream: true,
    status: 200,
    relayed: true,
    outcome: 'completed',
    target,
    usage: { tokens: { input: 10, cache_read: 5, output: 7, reasoning: 3 }, source: 'upstream', final: true },
    attempts: [],
    losses: [],
    lines: [
      { rule: 'tokens', item: 'input', quantity: 10n, unitPrice: 150_000n, ratios: [800_000n], asset: 'usd' },
      { rule: 'tokens', item: 'output', quantity: 7n, unitPrice: 600_000n, ratios: [800_000n], asset: 'usd' },
    ],
    ms: 130.6,
    firstOutputMs: 12.4,
    ...change,
  }
}

const known: readonly [KeyRef, unknown][] = [
  [key, { id: 'key_1', account: 'a', group: 'vip', name: 'laptop', disabled: false }],
  [group, 'vip'],
]

describe('requestLine', () => {
  it('has key, group, model → target, ttft, tokens, cost and outcome', () => {
    // (10 × 150,000 + 7 × 600,000) pico × 0.8 = 4,560 nano.
    expect(requestLine(settled())).toBe(
      '16:01:02  laptop  vip  small → sim/small-1 relayed  ttft 12 ms  15 in 10 out  0.00000456 usd  completed 200 in 131 ms',
    )
  })

  it('tells a conversion, and several assets apart', () => {
    const call = {
      rule: 'call',
      item: 'call',
      quantity: 1n,
      unitPrice: 2_000_000_000_000n,
      ratios: [],
      asset: 'credit',
    }
    const line = requestLine(settled({ relayed: false, lines: [...settled().lines, call] }))
    expect(line).toContain('sim/small-1 converted')
    expect(line).toContain('0.00000456 usd + 2 credit')
  })

  it('says what is missing of a refused request', () => {
    const refused = {
      ...settled(),
      model: '',
      status: 401,
      outcome: 'refused' as const,
      lines: [],
      usage: { tokens: {}, source: 'none' as const, final: true },
      error: {
        class: 'authentication' as const,
        status: 401,
        message: 'no',
        retryable: false,
        source: 'gateway' as const,
      },
    }
    const { target: _target, relayed: _relayed, firstOutputMs: _ttft, ...rest } = refused
    expect(requestLine({ ...rest, peek: () => undefined })).toBe(
      '16:01:02  no key  no group  generate → no target  ttft -  0 in 0 out  no price  refused 401 authentication in 131 ms',
    )
  })

  it('is one line whatever a client names its model', () => {
    const line = requestLine(settled({ model: 'a\n\u001b[2Jb\u2028c' }))
    expect(line).not.toMatch(/[\p{Cc}\u2028]/u)
    expect(line).toContain('a??[2Jb?c →')
  })
})
