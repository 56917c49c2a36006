import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bootNotes,
  type ConfigProblem,
  type PriceLine,
  type PricingContext,
  type ResolvedConfig,
} from '@gantry/core'
import { chargeOf, formatAmount, tokenBuckets } from '@gantry/ledger'
import { createFakeHost } from '@gantry/testing'
import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { pricingNewApi, type NewApiRatios } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-new-api-'))
afterAll(() => rmSync(folder, { recursive: true }))

const million = { input: 1_000_000, output: 1_000_000 }

describe('pricing-new-api', () => {
  it('says what each line was made of', async () => {
    const lines = await priced({ model_ratio: { m: 1.25 }, completion_ratio: { m: 6 } }, million)
    expect(lines).toEqual([
      {
        rule: 'new-api',
        item: 'input',
        quantity: 1_000_000n,
        unitPrice: 2_500_000n,
        ratios: [],
        asset: 'usd',
        note: 'ratio model 1.25',
      },
      {
        rule: 'new-api',
        item: 'output',
        quantity: 1_000_000n,
        unitPrice: 15_000_000n,
        ratios: [],
        asset: 'usd',
        note: 'ratio model 1.25 × completion 6',
      },
    ])
  })

  it('reads the tables as they are stored, answered and listed', async () => {
    const wanted = '14'
    const shapes: readonly NewApiRatios[] = [
      { model_ratio: { m: 1 }, completion_ratio: { m: 6 } },
      { ModelRatio: '{"m": 1}', CompletionRatio: '{"m": 6.0}' },
      { success: true, message: '', data: { model_ratio: { m: 1 }, completion_ratio: { m: 6 } } },
      {
        success: true,
        data: [
          {
            model_name: 'm',
            quota_type: 0,
            model_ratio: 1,
            model_price: 0,
            completion_ratio: 6,
            enable_groups: ['a'],
          },
          { model_name: 'draw', quota_type: 1, model_ratio: 0, model_price: 0.5, completion_ratio: 0 },
        ],
        group_ratio: { default: 1 },
      },
    ]
    for (const ratios of shapes) {
      expect(problemsOf({ ratios })).toEqual([])
      expect(formatAmount(chargeOf(await priced(ratios, million)))).toBe(wanted)
    }
    const draw = await priced(shapes[3] ?? {}, million, { model: 'draw' })
    expect(formatAmount(chargeOf(draw))).toBe('0.5')
  })

  it('reads a file', async () => {
    const file = join(folder, 'ratios.json')
    writeFileSync(file, `\uFEFF${JSON.stringify({ model_ratio: { m: 0.1 } })}`)
    expect(problemsOf({ file })).toEqual([])
    const plugin = pricingNewApi({ file, asset: 'credit' })
    await plugin.setup?.(createFakeHost())
    const lines = plugin.provides.pricing[0]?.apply([], context(million)) ?? []
    expect(lines).toMatchObject([{ asset: 'credit', unitPrice: 200_000n }, { asset: 'credit' }])
  })

  it.each<[string, RegExp]>([
    ['', /cannot be read/],
    ['{"model_ratio": {', /is not JSON/],
    ['[]', /not an object of tables/],
  ])('a file of %j is a problem of its own', (text, message) => {
    const file = join(folder, `wrong-${text.length}.json`)
    if (text) writeFileSync(file, text)
    const problems = problemsOf({ file })
    expect(problems).toMatchObject([
      { code: 'INVALID_IMPORT', severity: 'error', path: 'pricing-new-api.file' },
    ])
    expect(problems[0]?.message).toMatch(message)
    expect(problems[0]?.message).toContain(file)
  })

  it.each<[NewApiRatios, string, RegExp]>([
    [{ model_ratio: { 'gpt-5': 'abc' } }, 'model_ratio.gpt-5', /"abc" is not a number/],
    [{ ModelRatio: { 'gpt-5': -1 } }, 'ModelRatio.gpt-5', /negative/],
    [{ model_ratio: { m: Number.NaN } }, 'model_ratio.m', /NaN/],
    [{ model_ratio: { m: Infinity } }, 'model_ratio.m', /Infinity/],
    [{ model_price: { m: 1e300 } }, 'model_price.m', /beyond/],
    [{ model_price: { m: '1e999' } }, 'model_price.m', /beyond/],
    [{ model_ratio: { m: '0x10' } }, 'model_ratio.m', /not a number/],
    [{ model_ratio: '{"m": 1' }, 'model_ratio', /table/],
    [{ cache_ratio: '[1]' }, 'cache_ratio', /table/],
    [{ modelratio: { m: 1 } }, 'modelratio', /no table of prices/],
    [{ group_group_ratio: { partner: { vip: 'x' } } }, 'group_group_ratio.partner.vip', /not a number/],
    [{ GroupGroupRatio: { partner: '5' } }, 'GroupGroupRatio.partner', /table/],
    [{ data: [{ quota_type: 0 }] }, 'data.0', /model_name/],
    [{ data: [{ model_name: 'm', model_ratio: 'x' }] }, 'data.0.model_ratio.m', /not a number/],
    [{ data: { model_ratio: { m: 'x' } } }, 'data.model_ratio.m', /not a number/],
  ])('names the entry that is wrong: %j', (ratios, path, message) => {
    const problems = problemsOf({ ratios })
    expect(problems).toMatchObject([{ code: 'INVALID_IMPORT', path: `pricing-new-api.ratios.${path}` }])
    expect(problems[0]?.message).toMatch(message)
  })

  it('leaves a wrong entry unpriced and the others as they are', async () => {
    const ratios = { model_ratio: { m: 'x', other: 1 } }
    expect(await priced(ratios, million)).toEqual([])
    expect(await priced(ratios, million, { model: 'other' })).toHaveLength(2)
  })

  it('keeps a price of the config', async () => {
    const own: PriceLine = {
      rule: 'tokens',
      item: 'input',
      quantity: 1n,
      unitPrice: 1n,
      ratios: [],
      asset: 'usd',
    }
    const fee: PriceLine = { ...own, rule: 'per-call', item: 'call' }
    expect(await priced({ model_ratio: { m: 1 } }, million, {}, [own])).toEqual([own])
    expect(await priced({ model_ratio: { m: 1 } }, million, {}, [fee])).toHaveLength(3)
  })

  it('prices a compaction by its own name where there is one', async () => {
    const ratios = { model_ratio: { m: 1, 'm-openai-compact': 2, n: 1, '*-openai-compact': 4 } }
    const cost = async (model: string, operation: PricingContext['operation']): Promise<string> =>
      formatAmount(chargeOf(await priced(ratios, { input: 1_000_000 }, { model, operation })))
    expect(await cost('m', 'generate')).toBe('2')
    expect(await cost('m', 'compact')).toBe('4')
    expect(await cost('n', 'compact')).toBe('8')
  })

  it('warns of a completion ratio that nobody named, and of a ratio that counts twice', () => {
    const ratios = {
      model_ratio: { m: 1, 'gpt-5': 1, known: 1 },
      completion_ratio: { known: 1 },
      group_ratio: { vip: 0.5 },
    }
    const config = {
      models: { m: { to: 'p/m' }, 'gpt-5': { to: 'p/m' }, known: { to: 'p/m' }, none: { to: 'p/m' } },
      groups: { vip: { models: ['*'], ratio: 1 }, all: { models: ['*'], ratio: 2 } },
    } as const
    expect(problemsOf({ ratios }, config).map(({ code, path }) => `${code} ${path}`)).toEqual([
      'ASSUMED_RATIO models.m',
      'DOUBLE_RATIO groups.vip.ratio',
    ])
  })

  it.each([
    [{}, /one of file and ratios/],
    [{ file: 'a', ratios: {} }, /one of file and ratios/],
    [{ ratios: [] }, /object of tables/],
    [{ ratios: {}, asset: 'US D' }, /lower-case/],
  ])('refuses the options %j', (options, message) => {
    const { problems } = bootNotes(pricingNewApi(options as Parameters<typeof pricingNewApi>[0]))
    expect(problems[0]?.message).toMatch(message)
  })

  it('law: the bill is the exact formula, rounded up once', async () => {
    const ratio = fc.integer({ min: 0, max: 99_999_999 }).map((digits) => digits / 1e6)
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          model: ratio,
          completion: ratio,
          cache: ratio,
          create: ratio,
          image: ratio,
          group: ratio,
        }),
        fc.record({
          base: fc.nat(1e7),
          cached: fc.nat(1e7),
          w5m: fc.nat(1e7),
          w1h: fc.nat(1e7),
          image: fc.nat(1e5),
          out: fc.nat(1e6),
        }),
        async (r, n) => {
          const ratios = {
            model_ratio: { m: r.model },
            completion_ratio: { m: r.completion },
            cache_ratio: { m: r.cache },
            create_cache_ratio: { m: r.create },
            image_ratio: { m: r.image },
            group_ratio: { '': r.group },
          }
          const lines = await priced(ratios, {
            input: n.base,
            cache_read: n.cached,
            cache_write: n.w5m,
            cache_write_1h: n.w1h,
            input_image: n.image,
            output: n.out,
          })
          // All in parts per million; an hour is 1.6 of five minutes.
          const ppm = (value: number): bigint => BigInt(Math.round(value * 1e6))
          const input =
            BigInt(n.base) * 10n ** 7n +
            BigInt(n.cached) * ppm(r.cache) * 10n +
            BigInt(n.image) * ppm(r.image) * 10n +
            BigInt(n.w5m) * ppm(r.create) * 10n +
            BigInt(n.w1h) * ppm(r.create) * 16n +
            BigInt(n.out) * ppm(r.completion) * 10n
          // 1 is 2 dollars per million: 2000 nano-dollars a token.
          const over = input * ppm(r.model) * ppm(r.group) * 2000n
          const under = 10n ** 19n
          expect(chargeOf(lines)).toBe((over + under - 1n) / under)
        },
      ),
    )
  })

  it('law: every bucket has a price, and none is free because a ratio is missing', async () => {
    const plugin = pricingNewApi({ ratios: { model_ratio: { m: 1 } } })
    await plugin.setup?.(createFakeHost())
    for (const bucket of tokenBuckets) {
      const lines = plugin.provides.pricing[0]?.apply([], context({ [bucket]: 1000 })) ?? []
      expect(chargeOf(lines)).toBeGreaterThanOrEqual(2_000_000n)
    }
  })
})

async function priced(
  ratios: NewApiRatios,
  tokens: PricingContext['usage']['tokens'],
  with_: Partial<PricingContext> = {},
  lines: readonly PriceLine[] = [],
): Promise<readonly PriceLine[]> {
  const plugin = pricingNewApi({ ratios })
  await plugin.setup?.(createFakeHost())
  return plugin.provides.pricing[0]?.apply(lines, { ...context(tokens), ...with_ }) ?? []
}

function context(tokens: PricingContext['usage']['tokens']): PricingContext {
  return {
    moment: 'settle',
    operation: 'generate',
    model: 'm',
    usage: { tokens, source: 'upstream', final: true },
    at: new Date(0),
    peek: () => undefined,
  }
}

function problemsOf(
  options: Parameters<typeof pricingNewApi>[0],
  config: Partial<ResolvedConfig> = {},
): readonly ConfigProblem[] {
  return pricingNewApi(options).check?.({ providers: {}, models: {}, groups: {}, ...config }) ?? []
}
