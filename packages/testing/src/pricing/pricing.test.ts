import { group, type AnyPlugin, type PriceLine, type Pricing, type PricingContext } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { failingChecks } from '../suite/check.ts'
import { totalOf } from './charge.ts'
import { pricingChecks, testPricing, type PricingSuiteOptions } from './suite.ts'

const config = { groups: { vip: { models: ['*'], ratio: '0.5' } } }

/** One dollar a call, half for `vip`: a sound rule with one thing changed. */
function perCall(
  apply: (
    sound: (lines: readonly PriceLine[], context: PricingContext) => readonly PriceLine[],
  ) => Pricing['apply'] = (sound) => sound,
  change: Partial<AnyPlugin> = {},
): AnyPlugin {
  const sound = (lines: readonly PriceLine[], context: PricingContext): readonly PriceLine[] => {
    const ratios = context.peek(group) === 'vip' ? [500_000n] : []
    const own = { rule: 'per-call', item: 'call', quantity: 1n, unitPrice: 10n ** 12n, ratios, asset: 'usd' }
    return [...lines, own]
  }
  return {
    name: 'pricing-per-call',
    reads: [group],
    check: ({ groups }) =>
      groups['bad'] ? [{ code: 'BAD', severity: 'error', path: 'groups.bad', message: 'is bad' }] : [],
    provides: { pricing: [{ name: 'per-call', apply: apply(sound) }] },
    ...change,
  }
}

const suite = (plugin: () => AnyPlugin): PricingSuiteOptions => ({
  create: plugin,
  config,
  cases: [
    { name: 'a call', total: '1' },
    { name: 'a call of a vip', group: 'vip', total: { usd: '0.5' } },
    {
      name: 'after another rule',
      lines: perCall().provides?.pricing?.[0]?.apply([], contextless) ?? [],
      total: '2',
    },
  ],
  wrong: [[{ groups: { bad: { models: [] } } }, 'groups.bad']],
})

const contextless = { peek: () => undefined } as Partial<PricingContext> as PricingContext
const failing = (plugin: () => AnyPlugin): Promise<readonly string[]> =>
  failingChecks(pricingChecks(suite(plugin)))

testPricing(
  'per call',
  suite(() => perCall()),
)

describe('a broken rule fails the suite', () => {
  let calls = 0
  it.each<[string, () => AnyPlugin, string]>([
    [
      'charges double',
      () => perCall((sound) => (lines, at) => [...sound(lines, at), ...sound([], at)]),
      'the bill is right',
    ],
    ['forgets what was there', () => perCall((sound) => (_, at) => sound([], at)), 'the bill is right'],
    [
      'is a little short',
      () =>
        perCall(
          (sound) => (lines, at) =>
            sound(lines, at).map((line) => ({ ...line, unitPrice: 10n ** 12n - 1000n })),
        ),
      'the bill is right',
    ],
    [
      'writes into its input',
      () =>
        perCall((sound) => (lines, at) => {
          ;(lines as PriceLine[]).push(...sound([], at))
          return lines
        }),
      'the bill is right',
    ],
    [
      'counts its calls',
      () =>
        perCall(
          (sound) => (lines, at) => sound(lines, at).map((line) => ({ ...line, note: String(++calls) })),
        ),
      'the bill is right',
    ],
    [
      'reads the clock',
      () => perCall((sound) => (lines, at) => (Date.now() > Date.UTC(2040) ? lines : sound(lines, at))),
      'another copy, at another time, makes the same bill',
    ],
    [
      'gives money back',
      () =>
        perCall((sound) => (lines, at) => [
          ...sound(lines, at),
          ...sound([], at).map((line) => ({ ...line, quantity: -1n })),
        ]),
      'every line is a sound one',
    ],
    [
      'names no asset',
      () => perCall((sound) => (lines, at) => sound(lines, at).map((line) => ({ ...line, asset: '' }))),
      'every line is a sound one',
    ],
    ['reads in secret', () => perCall(undefined, { reads: [] }), 'it says what it reads'],
    [
      'finds nothing wrong',
      () => perCall(undefined, { check: () => [] }),
      'its check finds groups.bad wrong',
    ],
    [
      'finds all wrong',
      () => perCall(undefined, { check: () => [{ code: 'X', severity: 'error', path: '', message: 'no' }] }),
      'it has a name, accepts its options and this config, and there is a bill to check',
    ],
    [
      'is no rule',
      () => ({ name: 'nothing' }),
      'it has a name, accepts its options and this config, and there is a bill to check',
    ],
    [
      'answers later',
      () => perCall(() => () => Promise.resolve([]) as object as PriceLine[]),
      'the bill is right',
    ],
  ])('one that %s', async (_, plugin, expected) => {
    expect(await failing(plugin)).toContain(expected)
  })

  it('a suite without a case', async () => {
    expect(await failingChecks(pricingChecks({ create: () => perCall(), cases: [] }))).toHaveLength(1)
  })
})

it('totals are exact, rounded up once, by asset', () => {
  const line = (unitPrice: bigint, ratios: readonly bigint[], asset = 'usd'): PriceLine => ({
    rule: 'r',
    item: 'i',
    quantity: 1n,
    unitPrice,
    ratios,
    asset,
  })
  expect(totalOf([])).toEqual({})
  expect(totalOf([line(1n, [])])).toEqual({ usd: '0.000000001' })
  expect(totalOf([line(600n, []), line(400n, [])])).toEqual({ usd: '0.000000001' })
  expect(totalOf([line(1000n, [1_000_001n]), line(0n, [], 'spark')])).toEqual({
    usd: '0.000000002',
    spark: '0',
  })
  expect(totalOf([line(10n ** 30n, [1_500_000n])])).toEqual({ usd: '1500000000000000000' })
})
