import { describe, expect, it } from 'vitest'
import { configText, gantry, project } from './harness.ts'

describe('gantry models', () => {
  it('lists what a group may use, where it goes, and the price after its ratio', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const { code, stdout } = await gantry(['models', '--group', 'vip'], { cwd })
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['GROUP', 'MODEL', 'TARGETS', 'INPUT', 'CACHE READ', 'CACHE WRITE', 'OUTPUT', 'CALL', 'ASSET', 'ALSO'],
      ['vip', 'small', 'one/a, two/b', '0.8', '0.08', '0.8', '1.6', '-', 'usd', 'reasoning 2.4'],
      ['vip', 'call', 'two/c', '0', '0', '0', '0', '0.008', 'credit'],
      ['vip', 'gift', 'two/d', 'free'],
      ['vip', 'unpriced', 'two/e', 'no price'],
    ])
    const standard = (await gantry(['models', '-g', 'standard'], { cwd })).stdout
    // Only one of the two providers, and only the models of the group.
    expect(standard).toMatch(/^standard +small +two\/b +1 +0\.1 +1 +2 /m)
    expect(standard.trimEnd().split('\n')).toHaveLength(2)
  })

  it("asks the pricing rules, the config's own too", async () => {
    const cwd = project({
      'gateway.config.ts': text.replace(
        'plugins: [',
        `plugins: [{
          name: 'fee',
          provides: { pricing: [{ name: 'fee', apply: (lines) => [...lines,
            { rule: 'fee', item: 'call', quantity: 1n, unitPrice: 5_000_000_000n, ratios: [], asset: 'usd' }] }] },
        }, `,
      ),
    })
    const { stdout } = await gantry(['models', '--group', 'vip', '--json'], { cwd })
    const listed = JSON.parse(stdout) as { model: string; prices: object[] }[]
    expect(listed.find(({ model }) => model === 'small')?.prices).toMatchObject([
      { asset: 'usd', perCall: '0.004', perMillionTokens: { input: '0.8', output: '1.6' } },
    ])
  })

  it('opens no store, and says which groups there are', async () => {
    const { existsSync } = await import('node:fs')
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    expect((await gantry(['models'], { cwd })).code).toBe(0)
    expect(existsSync(`${cwd}/data`)).toBe(false)
    const { code, stderr } = await gantry(['models', '--group', 'vp'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('There is no group "vp".')
    expect(stderr).toContain('Did you mean "vip"?')
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
  providers: { one: host(), two: host() },
  models: {
    small: { to: ['one/a', 'two/b'], price: { input: '1', cacheRead: '0.1', output: '2', reasoning: '3' } },
    call: { to: 'two/c', price: { call: '0.01', asset: 'credit' } },
    gift: { to: 'two/d', price: 'free' },
    unpriced: { to: 'two/e' },
  },
  groups: {
    standard: { models: ['small'], to: ['two'], ratio: 1 },
    vip: { models: ['*'], ratio: '0.8' },
  },
  defaultGroup: 'standard',
})
`
