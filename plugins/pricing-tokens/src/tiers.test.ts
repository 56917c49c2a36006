import type { Key, ModelPrice, PriceLine, PricingContext, ReserveContext, Usage } from '@gantry/core'
import { chargeOf, formatAmount, tokenBuckets } from '@gantry/ledger'
import { createFakeHost } from '@gantry/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pricingTokens, serviceTier } from './index.ts'

const long: ModelPrice = {
  input: '3',
  cacheRead: '0.3',
  output: '15',
  longContext: [
    { above: 200_000, input: '6', cacheRead: '0.6', output: '22.5' },
    { above: 500_000, input: '12' },
  ],
}

describe('long contexts', () => {
  it.each<[string, Usage['tokens'], string]>([
    // 200000 × 3 + 10 × 15
    ['at the limit', { input: 200_000, output: 10 }, '0.60015'],
    // 200001 × 6 + 10 × 22.5: all of it, not what is above
    ['above it', { input: 200_001, output: 10 }, '1.200231'],
    // 1000 × 6 + 199001 × 0.6
    ['with what came from the cache', { input: 1000, cache_read: 199_001 }, '0.1254006'],
    // 1000 × 3 + 300000 × 15: output does not count
    ['by a long answer', { input: 1000, output: 300_000 }, '4.503'],
    // 500001 × 12 + 10 × 15: what the entry leaves out costs what the model's own price says
    ['above the second', { input: 500_001, output: 10 }, '6.000162'],
    // Cache reads have no price there, but their parent has: 12
    ['by parents of its own', { input: 500_000, cache_read: 1 }, '6.000012'],
  ])('%s', async (_, tokens, dollars) => {
    expect(formatAmount(chargeOf((await ready(long))({ tokens })))).toBe(dollars)
  })

  it('says so on the line', async () => {
    const apply = await ready(long)
    expect(apply({ tokens: { input: 200_001 } })[0]?.note).toBe('input above 200000 tokens')
    expect(apply({ tokens: { input: 200_000 } })[0]?.note).toBeUndefined()
  })

  it('at reserve, where each kind is asked with the whole input, that is not added up', async () => {
    const tokens = Object.fromEntries(tokenBuckets.map((bucket) => [bucket, 150_000]))
    const [line] = (await ready(long))({ tokens }, { moment: 'reserve' })
    expect(line).toMatchObject({ item: 'input', unitPrice: 3_000_000n })
    const more = Object.fromEntries(tokenBuckets.map((bucket) => [bucket, 250_000]))
    expect((await ready(long))({ tokens: more }, { moment: 'reserve' })[0]).toMatchObject({
      unitPrice: 6_000_000n,
    })
  })

  it('a model inside goes by its own length', async () => {
    const nested = [{ model: 'm', tokens: { input: 10 } }]
    const lines = (await ready(long))({ tokens: { input: 300_000 }, nested })
    expect(lines.map(({ unitPrice }) => unitPrice)).toEqual([6_000_000n, 3_000_000n])
    expect(lines[1]?.note).toBe('m, used inside m, at its own price')
  })

  it('law: whatever the order of the entries, the highest that is reached counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 1200 }),
        async (limits, input) => {
          const longContext = limits.map((above) => ({ above, input: String(above) }))
          const apply = await ready({ input: '0', output: '0', longContext })
          const highest = Math.max(0, ...limits.filter((above) => input > above))
          expect(chargeOf(apply({ tokens: { input } }))).toBe(BigInt(highest * input) * 1000n)
        },
      ),
    )
  })
})

describe('service tiers', () => {
  const price: ModelPrice = {
    ...long,
    call: '0.001',
    units: { web_search: '0.01' },
    serviceTiers: { batch: '0.5', priority: { input: '5', output: '25' }, flex: '0.5', fast: 2 },
  }
  const tokens = { input: 1000, output: 100 }

  it.each<[string | undefined, string]>([
    // 0.001 + 1000 × 3 + 100 × 15
    [undefined, '0.0055'],
    ['standard', '0.0055'],
    // 0.001 + half of 0.0045: a call is no token
    ['batch', '0.00325'],
    // 0.001 + 1000 × 5 + 100 × 25
    ['priority', '0.0085'],
    // 0.001 + twice 0.0045
    ['fast', '0.01'],
  ])('what %s served costs %s', async (tier, dollars) => {
    const apply = await ready(price)
    const usage = { tokens, ...(tier !== undefined && { serviceTier: tier }) }
    expect(formatAmount(chargeOf(apply(usage)))).toBe(dollars)
    // As the Messages wire says it.
    const native = { protocol: 'anthropic-messages', value: { service_tier: tier ?? null } }
    expect(formatAmount(chargeOf(apply({ tokens, native })))).toBe(dollars)
  })

  it.each<[string, string]>([
    ['priority', '0.0085'],
    ['fast', '0.01'],
    // Nobody said that it was served so, and a client must not choose its own discount.
    ['batch', '0.0055'],
    ['flex', '0.0055'],
    ['unknown', '0.0055'],
  ])('what was only asked for as %s costs %s', async (asked, dollars) => {
    const apply = await ready(price)
    expect(formatAmount(chargeOf(apply({ tokens }, asks(asked))))).toBe(dollars)
    expect(formatAmount(chargeOf(apply({ tokens }, { ...asks(asked), moment: 'reserve' })))).toBe(dollars)
    // What served it comes first.
    expect(formatAmount(chargeOf(apply({ tokens, serviceTier: 'standard' }, asks(asked))))).toBe('0.0055')
  })

  it('law: asked for and not confirmed, no tier makes it cheaper', async () => {
    const decimal = fc
      .nat(99_999_999)
      .map((digits) => `${Math.floor(digits / 1e6)}.${String(digits % 1e6).padStart(6, '0')}`)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(decimal, fc.record({ input: decimal, output: decimal }, { requiredKeys: [] })),
        decimal,
        decimal,
        async (tier, input, output) => {
          fc.pre(typeof tier === 'string' || Object.keys(tier).length > 0)
          const apply = await ready({ input, output, serviceTiers: { t: tier } })
          expect(chargeOf(apply({ tokens }, asks('t')))).toBeGreaterThanOrEqual(chargeOf(apply({ tokens })))
        },
      ),
    )
  })

  it('a long request in a tier', async () => {
    const apply = await ready(price)
    const input = { tokens: { input: 300_000 } }
    // 0.001 + 300000 × 6 × 0.5
    const half = apply({ ...input, serviceTier: 'batch' })
    expect(formatAmount(chargeOf(half))).toBe('0.901')
    expect(half[1]?.note).toBe('input above 200000 tokens, tier batch')
    // The tier names no long prices: the dearer of its own and the model's long ones.
    expect(apply({ ...input, serviceTier: 'priority' })[1]?.unitPrice).toBe(6_000_000n)
    const own = {
      ...price,
      serviceTiers: { priority: { input: '5', longContext: [{ above: 9, input: '50' }] } },
    }
    expect((await ready(own))({ ...input, serviceTier: 'priority' })[1]?.unitPrice).toBe(50_000_000n)
  })

  it('remembers what was asked for, and reads no request for a price that does not depend on it', async () => {
    const ask = async (own: ModelPrice): Promise<readonly unknown[]> => {
      const seen: unknown[] = []
      const plugin = pricingTokens()
      await plugin.setup?.(createFakeHost({ config: config(own) }))
      const hook = plugin.hooks?.['bill.reserve']
      const handler = typeof hook === 'object' ? hook.handler : hook
      await handler?.({
        model: 'm',
        decode: () => (
          seen.push('decoded'),
          { model: 'm', stream: false, turns: [], serviceTier: 'priority' }
        ),
        set: (key: Key<unknown>, value: unknown) => void seen.push(key.id === serviceTier.id, value),
      } as Partial<ReserveContext> as ReserveContext)
      return seen
    }
    expect(await ask(price)).toEqual(['decoded', true, 'priority'])
    expect(await ask(long)).toEqual([])
  })
})

describe('units', () => {
  const price: ModelPrice = { input: '1', output: '2', units: { web_search: '0.01', code_execution: '0.05' } }

  it('are charged one by one, and those without a price are not', async () => {
    const apply = await ready(price)
    const lines = apply({
      tokens: { input: 1000 },
      units: { web_search: 3, web_fetch: 9, code_execution: -1 },
    })
    expect(lines.map(({ item, quantity, unitPrice }) => [item, quantity, unitPrice])).toEqual([
      ['input', 1000n, 1_000_000n],
      ['web_search', 3n, 10_000_000_000n],
    ])
    // 0.001 + 3 × 0.01
    expect(formatAmount(chargeOf(lines))).toBe('0.031')
  })

  it('are held only where nothing else is', async () => {
    const reserve = { moment: 'reserve' } as const
    expect((await ready(price))({ tokens: { input: 10 } }, reserve).map(({ item }) => item)).toEqual([
      'input',
    ])
    const zero = await ready({ ...price, input: '0', output: '0' })
    expect(chargeOf(zero({ tokens: { input: 10 } }, reserve))).toBe(60_000_000n)
    expect(chargeOf(zero({ tokens: { input: 10 } }))).toBe(0n)
  })

  it('may be all there is to pay', async () => {
    const apply = await ready({ units: { image: '0.04' }, input: '0', output: '0' })
    expect(formatAmount(chargeOf(apply({ tokens: {}, units: { image: 2 } })))).toBe('0.08')
  })
})

describe('check', () => {
  it.each<[object, string, RegExp]>([
    [{ units: { web_search: 0.01 } }, 'units.web_search', /the number 0.01/],
    [{ units: ['web_search'] }, 'units', /object/],
    [{ longContext: { above: 1 } }, 'longContext', /list/],
    [{ longContext: [{ input: '1' }] }, 'longContext.0.above', /whole number/],
    [{ longContext: [{ above: 0.5, input: '1' }] }, 'longContext.0.above', /whole number/],
    [{ longContext: [{ above: 9 }] }, 'longContext.0', /no price/],
    [{ longContext: [{ above: 9, input: '-1' }] }, 'longContext.0.input', /negative/],
    [{ longContext: [{ above: 9, input: '1', call: '1' }] }, 'longContext.0.call', /not a price/],
    [
      {
        longContext: [
          { above: 9, input: '1' },
          { above: 9, input: '2' },
        ],
      },
      'longContext.1.above',
      /twice/,
    ],
    [{ serviceTiers: '0.5' }, 'serviceTiers', /object/],
    [{ serviceTiers: { batch: '-0.5' } }, 'serviceTiers.batch', /negative/],
    [{ serviceTiers: { batch: true } }, 'serviceTiers.batch', /boolean/],
    [{ serviceTiers: { batch: {} } }, 'serviceTiers.batch', /no price/],
    [{ serviceTiers: { batch: { input: 1 } } }, 'serviceTiers.batch.input', /the number 1/],
    [
      { serviceTiers: { batch: { input: '1', longContext: [{}] } } },
      'serviceTiers.batch.longContext.0.above',
      /whole/,
    ],
  ])('finds %j wrong at %s', (part, path, message) => {
    const problems = pricingTokens().check?.(config({ input: '1', output: '1', ...part } as ModelPrice))
    expect(problems).toMatchObject([{ severity: 'error', path: `models.m.price.${path}` }])
    expect(problems?.[0]?.message).toMatch(message)
  })
})

type PartialUsage = Omit<Usage, 'source' | 'final'>

async function ready(
  price: ModelPrice,
): Promise<(usage: PartialUsage, with_?: Partial<PricingContext>) => readonly PriceLine[]> {
  const plugin = pricingTokens()
  await plugin.setup?.(createFakeHost({ config: config(price) }))
  return (usage, with_) =>
    plugin.provides.pricing[0]?.apply([], {
      moment: 'settle',
      operation: 'generate',
      model: 'm',
      usage: { ...usage, source: 'upstream', final: true },
      at: new Date(0),
      peek: () => undefined,
      ...with_,
    }) ?? []
}

function asks(tier: string): Pick<PricingContext, 'peek'> {
  return { peek: <T>(key: Key<T>) => (key.id === serviceTier.id ? (tier as T) : undefined) }
}

function config(price: ModelPrice): {
  providers: {}
  models: { m: { to: 'p/m'; price: ModelPrice } }
  groups: {}
} {
  return { providers: {}, models: { m: { to: 'p/m', price } }, groups: {} }
}
