import { bootNotes, type Operation, type PriceLine, type PricingContext, type Usage } from '@gantry/core'
import { chargeOf, formatAmount, parseUnitPrice } from '@gantry/ledger'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pricingPerCall, type CallPrice } from './index.ts'

const tokens: PriceLine = {
  rule: 'tokens',
  item: 'input',
  quantity: 1000n,
  unitPrice: 2_000_000n,
  ratios: [500_000n],
  asset: 'usd',
}

describe('pricing-per-call', () => {
  it('adds a call to the lines before it and leaves those alone', () => {
    const [first, ...rest] = apply([{ call: '0.04' }], {}, [tokens])
    expect(first).toBe(tokens)
    expect(rest).toEqual([
      { rule: 'per-call', item: 'call', quantity: 1n, unitPrice: 40_000_000_000n, ratios: [], asset: 'usd' },
    ])
  })

  it('takes the place of the lines before it where it says so', () => {
    const lines = apply([{ call: '1', asset: 'spark', only: true }], {}, [tokens])
    expect(lines.map(({ rule, asset }) => [rule, asset])).toEqual([['per-call', 'spark']])
  })

  it('counts units, and none of those the usage does not name', () => {
    const prices = [{ call: '0.01', units: { image: '0.04', web_search: { price: '0.01' } } }]
    const lines = apply(prices, { units: { image: 3, other: 9 } })
    expect(lines.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['call', 1n],
      ['image', 3n],
    ])
    // 0.01 + 3 × 0.04
    expect(formatAmount(chargeOf(lines))).toBe('0.13')
  })

  it('holds units before anybody knows them', () => {
    const prices = [{ units: { image: { price: '0.04', hold: 4 }, web_search: '0.01' } }]
    const held = apply(prices, { moment: 'reserve' })
    expect(held.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['image', 4n],
      ['web_search', 1n],
    ])
    expect(apply(prices, { moment: 'reserve', units: { image: 6 } })[0]?.quantity).toBe(6n)
    expect(apply(prices, {})).toMatchObject([{ item: 'image', quantity: 0n }])
  })

  it('chooses the first entry that fits', () => {
    const prices: CallPrice[] = [
      { models: ['draw-*', 'paint'], operations: ['generate'], call: '1' },
      { operations: ['embed', 'compact'], call: '2' },
      { models: ['paint'], call: '3' },
    ]
    const cost = (model: string, operation: Operation): string =>
      formatAmount(chargeOf(apply(prices, { model, operation })))
    expect(cost('draw-big', 'generate')).toBe('1')
    expect(cost('draw-big', 'compact')).toBe('2')
    expect(cost('paint', 'generate')).toBe('1')
    expect(cost('paint', 'countTokens')).toBe('3')
    expect(apply(prices, { model: 'other' })).toEqual([])
    expect(apply(prices, { model: 'other' }, [tokens])).toEqual([tokens])
  })

  it('law: the bill is call + units × price, whatever the counts are', () => {
    const decimals = fc
      .integer({ min: 0, max: 1e12 })
      .map((pico) => `0.${String(pico).padStart(13, '0').slice(1)}`)
    fc.assert(
      fc.property(decimals, decimals, fc.nat(), (call, image, images) => {
        const lines = apply([{ call, units: { image } }], { units: { image: images } })
        const pico = parseUnitPrice(call) + BigInt(images) * parseUnitPrice(image)
        expect(chargeOf(lines)).toBe((pico + 999n) / 1000n)
      }),
    )
  })

  it.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53])('counts %s units as none', (image) => {
    expect(chargeOf(apply([{ units: { image: '1' } }], { units: { image } }))).toBe(0n)
  })

  it.each<[unknown, string, RegExp]>([
    [{ call: 0.04 }, 'prices.0.call', /not the number 0.04/],
    [{ call: '-1' }, 'prices.0.call', /negative/],
    [{ call: '0.0000000000001' }, 'prices.0.call', /13 decimals/],
    [{ call: '1e-3' }, 'prices.0.call', /exponent/],
    [{ units: { image: 'x' } }, 'prices.0.units.image', /decimal/],
    [{ units: { image: { price: '1', hold: 0 } } }, 'prices.0.units.image', /decimal|hold|>=1/],
    [{ call: '1', asset: 'US Dollar' }, 'prices.0.asset', /lower-case/],
    [{ call: '1', operations: ['draw'] }, 'prices.0.operations.0', /generate/],
    [{ models: ['a'] }, 'prices.0', /names no price/],
    [{ call: '1', calls: '2' }, 'prices.0', /calls/],
  ])('reports %j at %s', (entry, path, message) => {
    const { problems } = bootNotes(pricingPerCall({ prices: [entry as CallPrice] }))
    expect(problems).toMatchObject([{ severity: 'error', path: `pricing-per-call.${path}` }])
    expect(problems[0]?.message).toMatch(message)
  })
})

function apply(
  prices: readonly CallPrice[],
  with_: Partial<PricingContext> & Pick<Usage, 'units'>,
  lines: readonly PriceLine[] = [],
): readonly PriceLine[] {
  const { units, ...context } = with_
  return (
    pricingPerCall({ prices }).provides.pricing[0]?.apply(lines, {
      moment: 'settle',
      operation: 'generate',
      model: 'm',
      usage: { tokens: { input: 10 }, ...(units && { units }), source: 'upstream', final: true },
      at: new Date(0),
      peek: () => undefined,
      ...context,
    }) ?? []
  )
}
