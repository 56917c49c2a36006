import type { ModelPrice, PriceLine, PricingContext, ResolvedConfig, Usage } from '@gantry/core'
import { chargeOf, formatAmount } from '@gantry/ledger'
import { createFakeHost } from '@gantry/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pricingTokens } from './index.ts'

describe('pricing-tokens', () => {
  it('prices each bucket and matches a bill made by hand', async () => {
    const lines = await price(
      { input: '1.25', cacheRead: '0.125', output: '10' },
      { tokens: { input: 1000, cache_read: 8000, output: 200, reasoning: 300 } },
    )
    expect(lines.map((line) => [line.item, line.quantity, line.unitPrice])).toEqual([
      ['input', 1000n, 1_250_000n],
      ['cache_read', 8000n, 125_000n],
      ['output', 200n, 10_000_000n],
      ['reasoning', 300n, 10_000_000n],
    ])
    // 0.00125 + 0.001 + 0.002 + 0.003
    expect(formatAmount(chargeOf(lines))).toBe('0.00725')
    expect(lines.every((line) => line.rule === 'tokens' && line.asset === 'usd')).toBe(true)
  })

  it('charges a call and keeps the asset', async () => {
    const lines = await price({ call: '0.04', asset: 'spark' }, { tokens: { input: 5, output: 5 } })
    expect(lines).toMatchObject([{ item: 'call', quantity: 1n, unitPrice: 40_000_000_000n, asset: 'spark' }])
  })

  it('law: a bucket without a price costs what its parent costs', async () => {
    const apply = await ready({ input: '3', output: '15' })
    const inputs = [
      'input',
      'input_audio',
      'input_image',
      'input_tool',
      'cache_read',
      'cache_write',
      'cache_write_1h',
    ]
    const outputs = ['output', 'output_audio', 'output_image', 'reasoning']
    fc.assert(
      fc.property(
        fc.constantFrom(...inputs, ...outputs),
        fc.integer({ min: 1, max: 1e9 }),
        (bucket, count) => {
          const lines = apply({ tokens: { [bucket]: count } })
          expect(lines).toHaveLength(1)
          const parent = inputs.includes(bucket) ? 3n : 15n
          expect(chargeOf(lines)).toBe(BigInt(count) * parent * 1000n)
        },
      ),
    )
  })

  it('says free with a line and says unpriced with none', async () => {
    expect(await price('free', { tokens: { input: 10 } })).toMatchObject([
      { quantity: 1n, unitPrice: 0n, note: 'free' },
    ])
    expect(await price('list', { tokens: { input: 10 } })).toEqual([])
    expect(await price(undefined, { tokens: { input: 10 } })).toEqual([])
    const other = await ready({ input: '1', output: '1' })
    expect(other({ tokens: { input: 10 } }, { model: 'unknown' })).toEqual([])
  })

  it('gives a zero line for no tokens, and none for units without a price', async () => {
    const lines = await price({ input: '1', output: '2' }, { tokens: {}, units: { web_search: 3 } })
    expect(lines).toMatchObject([{ quantity: 0n }])
    expect(chargeOf(lines)).toBe(0n)
  })

  it('counts a missing output price as unpriced at reserve and charges the rest at settle', async () => {
    const apply = await ready({ input: '2' })
    const usage = { tokens: { input: 1_000_000, output: 10 } }
    expect(apply(usage, { moment: 'reserve' })).toEqual([])
    expect(formatAmount(chargeOf(apply(usage)))).toBe('2')
    expect(apply({ tokens: { input: 1_000_000 } }, { moment: 'reserve' })).toHaveLength(1)
  })

  it('prices nested models by their own entry, else by this one', async () => {
    const lines = await price(
      { input: '1', output: '2', call: '0.5' },
      {
        tokens: { input: 1 },
        nested: [
          { model: 'advisor', tokens: { input: 10 } },
          { model: 'elsewhere', tokens: { output: 10 } },
        ],
      },
      { advisor: { input: '7', output: '7' } },
    )
    expect(lines.map((line) => [line.item, line.quantity, line.unitPrice, line.model])).toEqual([
      ['call', 1n, 500_000_000_000n, undefined],
      ['input', 1n, 1_000_000n, undefined],
      ['input', 10n, 7_000_000n, 'advisor'],
      ['output', 10n, 2_000_000n, 'elsewhere'],
    ])
    expect(lines[2]?.note).toContain('its own price')
    expect(lines[3]?.note).toContain('the price of m')
  })

  it('stays within one asset', async () => {
    const nested = [
      { model: 'gratis', tokens: { input: 1 } },
      { model: 'yuan', tokens: { input: 1 } },
    ]
    const lines = await price(
      { input: '1', output: '2', asset: 'spark' },
      { tokens: { input: 1 }, nested },
      {
        gratis: 'free',
        yuan: { input: '9', output: '9', asset: 'cny' },
      },
    )
    expect(lines.map((line) => [line.unitPrice, line.asset])).toEqual([
      [1_000_000n, 'spark'],
      [0n, 'spark'],
      [1_000_000n, 'spark'],
    ])
  })

  it('keeps lines of rules before it and ignores counts that cannot be', async () => {
    const plugin = pricingTokens()
    await plugin.setup?.(createFakeHost({ config: config({ m: { input: '1', output: '1' } }) }))
    const earlier: PriceLine = {
      rule: 'other',
      item: 'call',
      quantity: 1n,
      unitPrice: 1n,
      ratios: [],
      asset: 'usd',
    }
    const lines = plugin.provides.pricing[0]?.apply([earlier], context({ tokens: { input: -5, output: 2 } }))
    expect(lines?.map((line) => line.item)).toEqual(['call', 'output'])
  })
})

describe('check', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['seven decimals', { input: '0.1234567', output: '1' }, 'models.gpt-5.5.price.input', /7 decimals/],
    ['a number', { input: 0.15, output: '1' }, 'models.gpt-5.5.price.input', /the number 0\.15/],
    ['a negative price', { input: '1', output: '-1' }, 'models.gpt-5.5.price.output', /negative/],
    ['an exponent', { input: '1e-7', output: '1' }, 'models.gpt-5.5.price.input', /exponent/],
    ['NaN', { input: 'NaN', output: '1' }, 'models.gpt-5.5.price.input', /not a plain decimal/],
    ['thirteen decimals a call', { call: '0.0000000000001' }, 'models.gpt-5.5.price.call', /13 decimals/],
    [
      'an unknown bucket',
      { input: '1', output: '1', cached: '1' },
      'models.gpt-5.5.price.cached',
      /not a price/,
    ],
    ['a wrong asset', { input: '1', output: '1', asset: 'US:D' }, 'models.gpt-5.5.price.asset', /asset/],
    ['another word', 'cheap', 'models.gpt-5.5.price', /"list" or "free"/],
    ['nothing in it', {}, 'models.gpt-5.5.price', /no price at all/],
  ])('reports %s with its path', (_, price, path, message) => {
    const problems = pricingTokens().check?.(config({ 'gpt-5.5': price }))
    expect(problems).toMatchObject([{ severity: 'error', path }])
    expect(problems?.[0]?.message).toMatch(message)
  })

  it('warns of half a price and accepts good ones', () => {
    const check = pricingTokens().check
    expect(check?.(config({ m: { input: '1' } }))).toMatchObject([
      { code: 'INCOMPLETE_PRICE', severity: 'warning', path: 'models.m.price.output' },
    ])
    const good = { a: 'free', b: 'list', c: undefined, d: { call: '1' }, e: { input: '0', output: '0' } }
    expect(check?.(config(good))).toEqual([])
  })

  it('counts a model with a wrong price as unpriced', async () => {
    expect(await price({ input: 'x', output: '1' }, { tokens: { output: 5 } })).toEqual([])
  })
})

type PartialUsage = Omit<Usage, 'source' | 'final'>

async function price(
  own: ModelPrice | string | undefined,
  usage: PartialUsage,
  others: { [model: string]: unknown } = {},
): Promise<readonly PriceLine[]> {
  return (await ready(own, others))(usage)
}

async function ready(
  own: unknown,
  others: { [model: string]: unknown } = {},
): Promise<(usage: PartialUsage, with_?: Partial<PricingContext>) => readonly PriceLine[]> {
  const plugin = pricingTokens()
  await plugin.setup?.(createFakeHost({ config: config({ m: own, ...others }) }))
  return (usage, with_) => plugin.provides.pricing[0]?.apply([], { ...context(usage), ...with_ }) ?? []
}

function context(usage: PartialUsage): PricingContext {
  return {
    moment: 'settle',
    operation: 'generate',
    model: 'm',
    usage: { ...usage, source: 'upstream', final: true },
    at: new Date(0),
    peek: () => undefined,
  }
}

function config(prices: { [model: string]: unknown }): ResolvedConfig {
  const models = Object.fromEntries(
    Object.entries(prices).map(([name, entry]) => [name, { to: 'p/m' as const, price: entry as ModelPrice }]),
  )
  return { providers: {}, models, groups: {} }
}
