import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { configText, gantry, project } from './harness.ts'

interface Quote {
  readonly priced: boolean
  readonly lines: readonly {
    readonly item: string
    readonly cost: string
    readonly ratios: readonly string[]
  }[]
  readonly totals: readonly { readonly asset: string; readonly exact: string; readonly charge: string }[]
}

const ask = async (words: readonly string[], config: string = text): Promise<Quote> => {
  const cwd = project({ 'gateway.config.ts': config })
  const { code, stdout, stderr } = await gantry(['price', ...words, '--json'], { cwd })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return JSON.parse(stdout) as Quote
}

describe('gantry price', () => {
  it('explains a price line by line', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const words = ['price', 'small', '--in', '1000', '--cached', '500', '--out', '200', '--group', 'vip']
    const { code, stdout } = await gantry(words, { cwd })
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['RULE', 'ITEM', 'QUANTITY', 'EACH', 'RATIO', 'COST', 'ASSET', 'NOTE'],
      ['tokens', 'input', '1000', '0.00000125', '0.8', '0.001', 'usd'],
      ['tokens', 'cache_read', '500', '0.000000125', '0.8', '0.00005', 'usd'],
      ['tokens', 'output', '200', '0.00001', '0.8', '0.0016', 'usd'],
      [''],
      ['small for group vip costs 0.00265 usd'],
    ])
  })

  it('answers programs, with exact amounts as text', async () => {
    expect(await ask(['small', '--in', '1', '--at', '2027-01-31T18:00:00Z'])).toEqual({
      model: 'small',
      group: 'standard',
      at: '2027-01-31T18:00:00.000Z',
      priced: true,
      lines: [
        {
          rule: 'tokens',
          item: 'input',
          quantity: '1',
          unitPrice: '0.00000125',
          ratios: ['0.333333'],
          cost: '0.00000041666625',
          asset: 'usd',
        },
      ],
      // Rounded up once, at the end.
      totals: [{ asset: 'usd', exact: '0.00000041666625', charge: '0.000000417' }],
    })
  })

  it('knows units, tiers, long inputs, operations and rules of the config by the clock', async () => {
    const vip = ['--group', 'vip']
    const units = await ask(['small', '--unit', 'web_search=2,image=1', ...vip])
    expect(units.lines.map(({ item, cost }) => [item, cost])).toEqual([['web_search', '0.016']])
    const tier = await ask(['small', '--in', '1000', '--tier', 'batch', ...vip])
    expect(tier.lines[0]).toMatchObject({ ratios: ['0.5', '0.8'], cost: '0.0005', note: 'tier batch' })
    const long = await ask(['small', '--in', '200000', '--cached', '1', ...vip])
    expect(long.lines.map(({ cost }) => cost)).toEqual(['0.4', '0.000002'])
    const fee = text.replace(
      'plugins: [',
      `plugins: [{
        name: 'fee',
        provides: { pricing: [{ name: 'fee', apply: (lines, { at, operation }) => [...lines, { rule: 'fee', item: operation,
          quantity: BigInt(at.getUTCHours()), unitPrice: 10n ** 12n, ratios: [], asset: 'spark' }] }] },
      }, `,
    )
    const embed = [
      'small',
      '--operation',
      'embed',
      '--at',
      '2027-01-31T02:00:00+05:00',
      '--in',
      '1000',
      ...vip,
    ]
    expect((await ask(embed, fee)).totals.map(({ asset, charge }) => [asset, charge])).toEqual([
      ['spark', '16.8'],
      ['usd', '0.001'],
    ])
  })

  it('says that there is no price, and what is free', async () => {
    expect(await ask(['unpriced', '--in', '1', '--group', 'vip'])).toMatchObject({ priced: false, lines: [] })
    const cwd = project({ 'gateway.config.ts': text })
    const { code, stdout } = await gantry(['price', 'unpriced', '--group', 'vip'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toBe('unpriced has no price for group vip.\n')
    expect((await ask(['gift', '--in', '1', '--group', 'vip'])).totals).toMatchObject([{ charge: '0' }])
  })

  it('warns where the group may not use the model', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const { code, stdout, stderr } = await gantry(['price', 'gift', '--group', 'standard'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toContain('gift for group standard costs 0 usd')
    expect(stderr).toContain('The group "standard" may not use "gift".')
  })

  it('is the plain one in `gantry models`, whatever a long input costs', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const { stdout } = await gantry(['models', '--group', 'vip'], { cwd })
    expect(stdout).toMatch(/^vip +small +one\/a +1 +0\.1 +1 +8 /m)
  })

  it('opens no store', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    expect((await gantry(['price', 'small', '--in', '5'], { cwd })).code).toBe(0)
    expect(existsSync(`${cwd}/data`)).toBe(false)
  })

  it.each<[readonly string[], RegExp]>([
    [['smal'], /There is no model "smal"\.\n\n {2}Did you mean "small"\?/],
    [['small', '--group', 'vp'], /There is no group "vp"\.\n\n {2}Did you mean "vip"\?/],
    [['small', '--in', '-5'], /--in is a whole number/],
    [['small', '--in', '1.5'], /--in is a whole number/],
    [['small', '--out', 'many'], /--out is a whole number/],
    [['small', '--unit', 'web_search'], /--unit is a list like/],
    [['small', '--unit', 'web_search=x'], /--unit web_search is a whole number/],
    [['small', '--at', '2027-01-31T18:00'], /--at is an ISO time with its zone/],
    [['small', '--at', 'tomorrow'], /--at is an ISO time with its zone/],
    [['small', '--operation', 'draw'], /--operation is one of generate/],
    [['small', '--inn', '5'], /There is no flag --inn/],
    [[], /MODEL|model/],
  ])('refuses %j', async (words, message) => {
    const cwd = project({ 'gateway.config.ts': text })
    const { code, stdout, stderr } = await gantry(['price', ...words], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
  })
})

const text = `
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'
const host = () => ({
  name: 'host',
  provider: (name) => ({
    name,
    speaks: ['openai-chat'],
    cancelStopsBilling: true,
    endpoint: () => ({ url: 'http://127.0.0.1:9/v1', headers: {} }),
  }),
})
export default defineGateway({
  plugins: [standard({ log: false })],
  store: memory(),
  providers: { one: host() },
  models: {
    small: { to: 'one/a', price: {
      input: '1.25', cacheRead: '0.125', output: '10',
      units: { web_search: '0.01' },
      longContext: [{ above: 200_000, input: '2.5' }],
      serviceTiers: { batch: '0.5' },
    } },
    gift: { to: 'one/d', price: 'free' },
    unpriced: { to: 'one/e' },
  },
  groups: {
    standard: { models: ['small'], ratio: '0.333333' },
    vip: { models: ['*'], ratio: '0.8' },
  },
  defaultGroup: 'standard',
})
`
