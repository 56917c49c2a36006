import { group, type Key, type PriceLine, type PricingContext, type Usage } from '@gantry/core'
import { chargeOf, formatAmount } from '@gantry/ledger'
import { createFakeHost } from '@gantry/testing'
import { describe, expect, it } from 'vitest'
import { pricingNewApi, userGroup } from './index.ts'

/**
 * Bills by hand. The arithmetic is in millionths of a dollar: tokens × 2 × model ratio × … × group ratio, as 1 is 2 USD
 * per million; prices per request are dollars × 1000000, tools dollars per thousand × 1000.
 */
const examples: readonly (readonly [
  name: string,
  request: Partial<Usage> & { readonly model: string; readonly group?: string; readonly userGroup?: string },
  arithmetic: string,
  dollars: string,
])[] = [
  ['1 is 2 USD per million', { model: 'one', tokens: { input: 1_000_000 } }, '1000000 × 2 × 1', '2'],
  ['one token', { model: 'one', tokens: { input: 1 } }, '1 × 2 × 1', '0.000002'],
  ['a thousand tokens', { model: 'one', tokens: { input: 1000 } }, '1000 × 2 × 1', '0.002'],
  ['gpt-5 in', { model: 'gpt-5', tokens: { input: 1000 } }, '1000 × 2 × 0.625', '0.00125'],
  ['gpt-5 out', { model: 'gpt-5', tokens: { output: 200 } }, '200 × 2 × 0.625 × 8', '0.002'],
  [
    'gpt-5 in, cached and out',
    { model: 'gpt-5', tokens: { input: 1000, cache_read: 500, output: 200 } },
    '1000 × 2 × 0.625 + 500 × 2 × 0.625 × 0.1 + 200 × 2 × 0.625 × 8',
    '0.0033125',
  ],
  ['gpt-5 thinking', { model: 'gpt-5', tokens: { reasoning: 64 } }, '64 × 2 × 0.625 × 8', '0.00064'],
  [
    'gpt-5 out and thinking',
    { model: 'gpt-5', tokens: { output: 10, reasoning: 90 } },
    '10 × 2 × 0.625 × 8 + 90 × 2 × 0.625 × 8',
    '0.001',
  ],
  [
    'gpt-5 in the group vip',
    { model: 'gpt-5', group: 'vip', tokens: { input: 1000, output: 200 } },
    '1000 × 2 × 0.625 × 0.8 + 200 × 2 × 0.625 × 8 × 0.8',
    '0.0026',
  ],
  [
    'a dearer group',
    { model: 'gpt-5', group: 'fast', tokens: { input: 1000 } },
    '1000 × 2 × 0.625 × 1.5',
    '0.001875',
  ],
  ['a free group', { model: 'gpt-5', group: 'staff', tokens: { input: 1000 } }, '1000 × 2 × 0.625 × 0', '0'],
  [
    'a group of no ratio',
    { model: 'gpt-5', group: 'new', tokens: { input: 1000 } },
    '1000 × 2 × 0.625',
    '0.00125',
  ],
  [
    'a group for another',
    { model: 'gpt-5', group: 'vip', userGroup: 'partner', tokens: { input: 1000 } },
    '1000 × 2 × 0.625 × 0.5',
    '0.000625',
  ],
  [
    'a group for another that says nothing of it',
    { model: 'gpt-5', group: 'fast', userGroup: 'partner', tokens: { input: 1000 } },
    '1000 × 2 × 0.625 × 1.5',
    '0.001875',
  ],
  ['claude in', { model: 'claude-sonnet-4-5', tokens: { input: 1000 } }, '1000 × 2 × 1.5', '0.003'],
  [
    'claude out, 5 built in',
    { model: 'claude-sonnet-4-5', tokens: { output: 1000 } },
    '1000 × 2 × 1.5 × 5',
    '0.015',
  ],
  [
    'claude from the cache',
    { model: 'claude-sonnet-4-5', tokens: { cache_read: 1000 } },
    '1000 × 2 × 1.5 × 0.1',
    '0.0003',
  ],
  [
    'claude into the cache, 1.25 by default',
    { model: 'claude-sonnet-4-5', tokens: { cache_write: 1000 } },
    '1000 × 2 × 1.5 × 1.25',
    '0.00375',
  ],
  [
    'claude into the cache for an hour',
    { model: 'claude-sonnet-4-5', tokens: { cache_write_1h: 1000 } },
    '1000 × 2 × 1.5 × 1.25 × 1.6',
    '0.006',
  ],
  [
    'a creation ratio of its own, and an hour of that',
    { model: 'dear-cache', tokens: { cache_write: 100, cache_write_1h: 100 } },
    '100 × 2 × 1 × 1.5 + 100 × 2 × 1 × 1.5 × 1.6',
    '0.00078',
  ],
  [
    'a whole turn of an agent',
    {
      model: 'claude-sonnet-4-5',
      group: 'vip',
      tokens: { input: 12, cache_read: 45_000, cache_write: 800, output: 350 },
    },
    '12 × 2 × 1.5 × 0.8 + 45000 × 2 × 1.5 × 0.1 × 0.8 + 800 × 2 × 1.5 × 1.25 × 0.8 + 350 × 2 × 1.5 × 5 × 0.8',
    '0.0174288',
  ],
  ['no cache ratio: as input', { model: 'one', tokens: { cache_read: 100 } }, '100 × 2 × 1 × 1', '0.0002'],
  ['no completion ratio: as input', { model: 'one', tokens: { output: 100 } }, '100 × 2 × 1 × 1', '0.0002'],
  [
    'pictures in',
    { model: 'seer', tokens: { input: 10, input_image: 1000 } },
    '10 × 2 × 2.5 + 1000 × 2 × 2.5 × 1.6',
    '0.00805',
  ],
  ['pictures in, no ratio', { model: 'one', tokens: { input_image: 1000 } }, '1000 × 2 × 1 × 1', '0.002'],
  ['pictures out', { model: 'seer', tokens: { output_image: 100 } }, '100 × 2 × 2.5 × 8', '0.004'],
  [
    'sound in and out',
    { model: 'voice', tokens: { input: 20, input_audio: 300, output: 40, output_audio: 500 } },
    '20 × 2 × 1.25 + 300 × 2 × 1.25 × 16 + 40 × 2 × 1.25 × 4 + 500 × 2 × 1.25 × 16 × 2',
    '0.05245',
  ],
  [
    'sound that counts as text',
    { model: 'gpt-5', tokens: { output_audio: 10 } },
    '10 × 2 × 0.625 × 8',
    '0.0001',
  ],
  ['tools that talk', { model: 'gpt-5', tokens: { input_tool: 100 } }, '100 × 2 × 0.625', '0.000125'],
  ['a request', { model: 'draw', tokens: { input: 50_000 } }, '0.04 × 1000000', '0.04'],
  ['a request in a group', { model: 'draw', group: 'vip' }, '0.04 × 1000000 × 0.8', '0.032'],
  ['a price comes before a ratio', { model: 'both', tokens: { input: 1_000_000 } }, '0.1 × 1000000', '0.1'],
  ['a pattern of names', { model: 'gpt-4-gizmo-abc' }, '0.1 × 1000000', '0.1'],
  [
    'a search on the web, 10 by default',
    { model: 'gpt-5', tokens: { input: 1000 }, units: { web_search: 2 } },
    '1000 × 2 × 0.625 + 2 × 10 × 1000',
    '0.02125',
  ],
  [
    'a search in a group',
    { model: 'gpt-5', group: 'vip', units: { web_search: 1 } },
    '1 × 10 × 1000 × 0.8',
    '0.008',
  ],
  ['a tool by model', { model: 'gpt-4o-mini', units: { web_search_preview: 3 } }, '3 × 25 × 1000', '0.075'],
  ['a tool of another model', { model: 'gpt-5', units: { web_search_preview: 3 } }, '3 × 10 × 1000', '0.03'],
  ['a tool with a price of its own', { model: 'gpt-5', units: { file_search: 4 } }, '4 × 3 × 1000', '0.012'],
  [
    'a request and a search',
    { model: 'draw', units: { web_search: 1 } },
    '0.04 × 1000000 + 1 × 10 × 1000',
    '0.05',
  ],
  [
    'a model inside, by its own ratios',
    { model: 'gpt-5', tokens: { input: 10 }, nested: [{ model: 'one', tokens: { output: 5 } }] },
    '10 × 2 × 0.625 + 5 × 2 × 1 × 1',
    '0.0000225',
  ],
  [
    'a model inside that nobody knows, by the ratios of the one outside',
    { model: 'gpt-5', tokens: { input: 10 }, nested: [{ model: 'x', tokens: { output: 5 } }] },
    '10 × 2 × 0.625 + 5 × 2 × 0.625 × 8',
    '0.0000625',
  ],
  [
    'many decimals',
    { model: 'fine', tokens: { input: 10_000_000 } },
    '10000000 × 2 × 0.0178571428',
    '0.357142856',
  ],
  [
    'a ratio no float is',
    { model: 'gemini-2.5-flash', tokens: { output: 3 } },
    '3 × 2 × 0.15 × 8.333333333333334',
    '0.000007501',
  ],
  ['an exponent', { model: 'tiny', tokens: { input: 1000 } }, '1000 × 2 × 0.00005', '0.0000001'],
  ['rounded up once', { model: 'tiny', tokens: { input: 7 } }, '7 × 2 × 0.00005', '0.000000001'],
  ['a free model', { model: 'free', tokens: { input: 1_000_000, output: 5 } }, '1000000 × 2 × 0', '0'],
  ['no tokens', { model: 'gpt-5', tokens: {} }, '0', '0'],
]

describe('bills of new-api, by hand', () => {
  it.each(examples)('%s', async (_, request, arithmetic, dollars) => {
    expect(formatAmount(evaluated(arithmetic)), 'the arithmetic').toBe(dollars)
    const lines = await linesOf(request)
    expect(lines.length).toBeGreaterThan(0)
    expect(formatAmount(chargeOf(lines)), 'the rule').toBe(dollars)
  })

  it('a model that new-api does not know is unpriced: there is no line, not one of zero', async () => {
    expect(await linesOf({ model: 'unknown', tokens: { input: 1000 }, units: { web_search: 1 } })).toEqual([])
  })
})

const ratios = {
  ModelRatio: {
    one: 1,
    'gpt-5': 0.625,
    'gpt-4o-mini': 0.075,
    'claude-sonnet-4-5': 1.5,
    'dear-cache': 1,
    seer: 2.5,
    voice: 1.25,
    both: 5,
    fine: 0.0178571428,
    tiny: 0.00005,
    free: 0,
    'gemini-2.5-flash': 0.15,
  },
  CompletionRatio: { 'gpt-5': 8, seer: 8, voice: 4 },
  CacheRatio: { 'gpt-5': 0.1, 'claude-sonnet-4-5': 0.1 },
  CreateCacheRatio: { 'dear-cache': 1.5 },
  ImageRatio: { seer: 1.6 },
  AudioRatio: { voice: 16 },
  AudioCompletionRatio: { voice: 2 },
  ModelPrice: { draw: 0.04, both: 0.1, 'gpt-4-gizmo-*': 0.1 },
  ToolPrices: { file_search: 3 },
  GroupRatio: { default: 1, vip: 0.8, fast: 1.5, staff: 0 },
  GroupGroupRatio: { partner: { vip: 0.5 } },
}

async function linesOf({
  model,
  group: using,
  userGroup: own,
  ...usage
}: (typeof examples)[number][1]): Promise<readonly PriceLine[]> {
  const plugin = pricingNewApi({ ratios })
  await plugin.setup?.(createFakeHost())
  const [rule] = plugin.provides.pricing
  const values = new Map<symbol, unknown>([
    [group.id, using],
    [userGroup.id, own],
  ])
  const context: PricingContext = {
    moment: 'settle',
    operation: 'generate',
    model,
    usage: { tokens: {}, source: 'upstream', final: true, ...usage },
    at: new Date(0),
    peek: <T>({ id }: Key<T>) => values.get(id) as T | undefined,
  }
  return rule?.apply([], context) ?? []
}

/** Products and their sum, exact; millionths of a dollar to nano-dollars, rounded up. */
function evaluated(arithmetic: string): bigint {
  const scale = 10n ** 60n
  let sum = 0n
  for (const product of arithmetic.split(' + ')) {
    let over = scale
    for (const factor of product.split(' × ')) {
      const [whole = '', fraction = ''] = factor.split('.')
      over = (over * BigInt(whole + fraction)) / 10n ** BigInt(fraction.length)
    }
    sum += over
  }
  return (sum * 1000n + scale - 1n) / scale
}
