import type { Usage } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { estimateTokens } from './estimate.ts'
import { isValidUsage, type SettlementInput, settlementOf } from './settlement.ts'

const upstream: Usage = { tokens: { input: 10, output: 5 }, source: 'upstream', final: true }
const zeros: Usage = { tokens: { input: 0, output: 0 }, source: 'upstream', final: true }
const none: Usage = { tokens: {}, source: 'none', final: true }
const observed: Usage = { tokens: { input: 9, output: 3 }, source: 'observed', final: false }
const absurd: Usage = { tokens: { input: -4 }, source: 'upstream', final: true }
const stop = { reason: 'stop' } as const

describe('settlementOf', () => {
  it.each<[string, SettlementInput, string, Usage['tokens']]>([
    [
      'completed, usage',
      { outcome: 'completed', usage: upstream, delivered: true, finish: stop },
      'upstream',
      upstream.tokens,
    ],
    [
      'completed, explicit zeros',
      { outcome: 'completed', usage: zeros, delivered: true, finish: stop },
      'upstream',
      zeros.tokens,
    ],
    [
      'completed, no usage',
      { outcome: 'completed', usage: none, delivered: true, fallback: observed, finish: stop },
      'estimated',
      observed.tokens,
    ],
    [
      'completed, absurd usage',
      { outcome: 'completed', usage: absurd, delivered: true, fallback: observed, finish: stop },
      'estimated',
      observed.tokens,
    ],
    [
      'completed, empty, blank finish',
      { outcome: 'completed', usage: upstream, delivered: false },
      'none',
      {},
    ],
    [
      'completed, empty, error finish',
      { outcome: 'completed', usage: upstream, delivered: false, finish: { reason: 'error' } },
      'none',
      {},
    ],
    [
      'completed, empty, clean finish',
      { outcome: 'completed', usage: upstream, delivered: false, finish: stop },
      'upstream',
      upstream.tokens,
    ],
    ['refused', { outcome: 'refused', usage: upstream, delivered: false }, 'none', {}],
    ['failed before output', { outcome: 'failed', usage: upstream, delivered: false }, 'none', {}],
    [
      'failed mid-stream, usage seen',
      { outcome: 'failed', usage: upstream, delivered: true },
      'upstream',
      upstream.tokens,
    ],
    [
      'failed mid-stream, no usage',
      { outcome: 'failed', usage: observed, delivered: true },
      'observed',
      observed.tokens,
    ],
    [
      'failed mid-stream, no partial charge',
      { outcome: 'failed', usage: upstream, delivered: true, chargePartial: false },
      'none',
      {},
    ],
    [
      'client gone, usage seen',
      { outcome: 'aborted', usage: upstream, delivered: true },
      'upstream',
      upstream.tokens,
    ],
    [
      'client gone, observed',
      { outcome: 'aborted', usage: observed, delivered: true },
      'observed',
      observed.tokens,
    ],
    [
      'client gone before the first token',
      { outcome: 'aborted', usage: observed, delivered: false },
      'none',
      {},
    ],
    ['cut, usage sent', { outcome: 'cut', usage: upstream, delivered: true }, 'upstream', upstream.tokens],
    [
      'cut, no usage',
      { outcome: 'cut', usage: none, delivered: true, fallback: observed },
      'observed',
      observed.tokens,
    ],
    ['crash', { outcome: 'recovered', usage: observed, delivered: true }, 'recovered', observed.tokens],
  ])('%s', (_, input, source, tokens) => {
    const decision = settlementOf(input)
    expect(decision.source).toBe(source)
    expect(decision.usage.tokens).toEqual(tokens)
  })

  it('finds counts that cannot be', () => {
    expect(isValidUsage(upstream)).toBe(true)
    expect(isValidUsage({ ...upstream, tokens: { output: 1.5 } })).toBe(false)
    expect(isValidUsage({ ...upstream, units: { web_search: -1 } })).toBe(false)
    expect(isValidUsage({ ...upstream, nested: [{ model: 'm', tokens: { input: Infinity } }] })).toBe(false)
  })
})

describe('estimateTokens', () => {
  it('is bytes / 3.5, up', () => {
    expect(estimateTokens(7)).toBe(2)
    expect(estimateTokens(8)).toBe(3)
    expect(estimateTokens(0)).toBe(0)
    expect(estimateTokens(-1)).toBe(0)
    expect(estimateTokens(NaN)).toBe(0)
  })
})
