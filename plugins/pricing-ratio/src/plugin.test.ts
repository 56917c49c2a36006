import { group, type Key, type PriceLine, type PricingContext, type ResolvedConfig } from '@gantry/core'
import { chargeOf } from '@gantry/ledger'
import { createFakeHost } from '@gantry/testing'
import { describe, expect, it } from 'vitest'
import { pricingRatio } from './index.ts'

const line: PriceLine = {
  rule: 'tokens',
  item: 'input',
  quantity: 1000n,
  unitPrice: 1_250_000n,
  ratios: [500_000n],
  asset: 'usd',
}

describe('pricing-ratio', () => {
  it("appends the group's ratio to every line", async () => {
    const apply = await ready({ vip: '0.8', dear: 1.5 })
    expect(apply([line, line], 'vip').map(({ ratios }) => ratios)).toEqual([
      [500_000n, 800_000n],
      [500_000n, 800_000n],
    ])
    // 1000 × 1.25 per million × 0.5 × 1.5 = 0.0009375
    expect(chargeOf(apply([line], 'dear'))).toBe(937_500n)
  })

  it('leaves lines alone without a ratio, a group or a known one', async () => {
    const apply = await ready({ standard: undefined, one: 1 })
    for (const name of ['standard', 'one', 'unknown', undefined]) expect(apply([line], name)).toEqual([line])
  })

  it('makes a ratio of zero free, in a line', async () => {
    const lines = (await ready({ staff: 0 }))([line], 'staff')
    expect(lines).toHaveLength(1)
    expect(chargeOf(lines)).toBe(0n)
  })

  it('refuses to stand before a rule that makes lines', () => {
    const ratio = pricingRatio()
    const tokens = { name: 'pricing-tokens', provides: { pricing: [{ name: 'tokens', apply: () => [] }] } }
    const other = { name: 'log-pino' }
    const codes = (plugins: ResolvedConfig['plugins'] & {}): unknown =>
      ratio.check?.({ ...config({}), plugins }).map(({ code, path }) => [code, path])
    expect(codes([tokens, [ratio, false], other])).toEqual([])
    expect(codes([[ratio], other, [tokens]])).toEqual([['PRICING_ORDER', 'plugins']])
    expect(codes([tokens])).toEqual([])
  })

  it.each<[unknown, RegExp]>([
    [0.1 + 0.2, /17 decimals/],
    ['-1', /negative/],
    [NaN, /not a plain decimal/],
    ['1e-7', /exponent/],
    [true, /type boolean/],
    [null, /null/],
  ])('reports the ratio %s with its path', (ratio, message) => {
    const problems = pricingRatio().check?.(config({ vip: ratio }))
    expect(problems).toMatchObject([{ code: 'INVALID_RATIO', severity: 'error', path: 'groups.vip.ratio' }])
    expect(problems?.[0]?.message).toMatch(message)
  })

  it('accepts good ratios', () => {
    expect(pricingRatio().check?.(config({ a: 1, b: '0.000001', c: undefined }))).toEqual([])
  })
})

async function ready(ratios: {
  [name: string]: unknown
}): Promise<(lines: readonly PriceLine[], name?: string) => readonly PriceLine[]> {
  const plugin = pricingRatio()
  await plugin.setup?.(createFakeHost({ config: config(ratios) }))
  return (lines, name) => plugin.provides.pricing[0]?.apply(lines, context(name)) ?? []
}

function context(name: string | undefined): PricingContext {
  return {
    moment: 'settle',
    operation: 'generate',
    model: 'm',
    usage: { tokens: {}, source: 'upstream', final: true },
    at: new Date(0),
    peek: <T>(key: Key<T>) => (key.id === group.id ? (name as T | undefined) : undefined),
  }
}

function config(ratios: { [name: string]: unknown }): ResolvedConfig {
  const groups = Object.fromEntries(
    Object.entries(ratios).map(([name, ratio]) => [name, { models: ['*'], ratio: ratio as number }]),
  )
  return { providers: {}, models: {}, groups }
}
