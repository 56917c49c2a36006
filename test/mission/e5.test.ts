import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { app, ask, strictTsconfig } from '../packages/app.ts'
import { costOf, paidKey } from '../packages/bill.ts'

const fee = readFileSync(join(import.meta.dirname, '../../playground/custom/fee.ts'), 'utf8')

/** The rule's test, as its author writes it: with the published kit. */
const feeTest = `
import { testPricing } from '@gantry/testing'
import { fee } from './fee.ts'

const item = { rule: 'tokens', item: 'input', ratios: [], asset: 'usd' }
testPricing('fee', {
  create: () => fee,
  cases: [
    { name: 'alone', total: '0.001' },
    { name: 'after tokens', lines: [{ ...item, quantity: 1000n, unitPrice: 1_000_000n }], total: '0.002' },
  ],
})
`

describe('E5 writing custom plugins', () => {
  it("tests a rule with the published kit, in an empty folder; a wrong rule fails the kit's suite", async () => {
    const user = app({ 'fee.ts': fee, 'fee.test.ts': feeTest, 'tsconfig.json': strictTsconfig })
    expect(await user.run('tsc', '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' })
    const good = await user.run('vitest', 'run')
    expect(good.code, good.stderr + good.stdout).toBe(0)
    expect(good.stdout).toMatch(/Tests +\d+ passed/)
    user.write({ 'fee.ts': fee.replace('...lines, line', 'line') })
    const bad = await user.run('vitest', 'run')
    expect(bad.code).toBe(1)
    expect(bad.stdout).toMatch(/Tests +\d+ failed/)
  })
})

describe('E5 composing a gateway via config file', () => {
  it('writes a first config, checks it with the compiler of the folder, shows its prices, serves it and bills', async () => {
    const user = app({}, { GANTRY_PEPPER: 'a pepper for this test' })
    const made = await user.run('gantry', 'init', '--provider', 'simulator', '--store', 'sqlite')
    expect(made.code, made.stderr).toBe(0)
    const checked = await user.run('gantry', 'check', '--types', '--json')
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true, problems: [], types: { ok: true } })
    const listed = await user.run('gantry', 'models', '--group', 'vip')
    expect(listed.stdout).toMatch(/^vip +sim-small +sim\/small +0\.12 +0\.06 +0\.12 +0\.48 +- +usd$/m)

    const gateway = user.start('gantry', 'start', '--port', '0')
    const [, url = ''] = await gateway.waitFor(/listens on (http:\S+)/)
    const key = await paidKey(user, 'me', 'vip')
    const cost = await costOf(user, 'me', async () => {
      const answer = await ask(`${url}/v1`, key, { messages: [{ role: 'user', content: 'say hello' }] })
      expect(answer.status).toBe(200)
    })
    expect(cost).toBeGreaterThan(0n)
    const setup = await user.run('gantry', 'connect', 'opencode', '--key', key)
    expect(setup.stdout).toContain(`"baseURL": "${url}/v1"`)
    expect((await gateway.stop()).code).toBe(0)
  })
})

describe('E5 running the playground for experiments', () => {
  it.each(['basic', 'claude', 'custom', 'failover', 'groups', 'real'])(
    '%s runs from the published package, with nothing beside it',
    async (scenario) => {
      const user = app()
      const play = user.start('gantry', 'play', scenario, '--port', '0')
      const [, url = ''] = await play.waitFor(/^Base URL +(\S+)$/m)
      const [, key = ''] = await play.waitFor(/^Key +(\S+)/m)
      await play.waitFor(/Ctrl-C stops/)
      const { status } = await ask(url, key, { messages: [{ role: 'user', content: 'say hello' }] })
      expect(status).toBe(200)
      await play.waitFor(/ usd  completed 200 in \d+ ms/)
      expect((await play.stop()).code).toBe(0)
    },
  )

  it('lists them', async () => {
    const { code, stdout } = await app().run('gantry', 'play', '--list')
    expect(code).toBe(0)
    expect(stdout.match(/^(?:basic|claude|custom|failover|groups|real) +\S.{20,}$/gm)).toHaveLength(6)
  })
})
