import { describe, expect, it } from 'vitest'
import { configText, gantry, project } from './harness.ts'

describe('gantry check', () => {
  it('names all of five mistakes at once, each with the nearest right name', async () => {
    const cwd = project({
      'gateway.config.ts': `
import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'
export default defineGateway({
  plugins: [standard()],
  store: memory(),
  providers: { simulator: simulator({ speaks: 'openai-chat' }) },
  models: {
    one: { to: 'simulater/one', price: 'free' },
    two: { to: ['simulator/two', 'simulatr/two'], price: 'free' },
  },
  defaultModel: 'tow',
  groups: { standard: { models: ['*'], to: ['simulator'] }, vip: { models: ['*'], to: ['simulatorr'] } },
  defaultGroup: 'standart',
} as never)
`,
    })
    const { code, stdout, stderr } = await gantry(['check'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toBe('')
    const mistakes: readonly [path: string, near: string][] = [
      ['models.one.to', 'simulator'],
      ['models.two.to', 'simulator'],
      ['defaultModel', 'two'],
      ['groups.vip.to', 'simulator'],
      ['defaultGroup', 'standard'],
    ]
    const errors = stdout.split('\n').filter((line) => line.includes('error: '))
    expect(errors).toHaveLength(5)
    for (const [path, near] of mistakes) {
      const line = errors.find((one) => one.includes(path))
      expect(line).toContain(`Did you mean "${near}"?`)
    }
    expect(stdout).toMatch(/5 errors, \d+ warnings?\.\n$/)
    const json = await gantry(['check', '--json'], { cwd })
    expect(json.code).toBe(1)
    const report = JSON.parse(json.stdout) as { ok: boolean; problems: { severity: string; path: string }[] }
    expect(report.ok).toBe(false)
    expect(report.problems.filter((problem) => problem.severity === 'error')).toHaveLength(5)
  })

  it('prints hook order, routes with relay or conversion, and models without price or key', async () => {
    const cwd = project({
      'gateway.config.ts': `
import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'
export default defineGateway({
  plugins: [standard(), { name: 'early', enforce: 'pre', hooks: { route() {} } }],
  store: memory(),
  providers: { chat: simulator({ speaks: 'openai-chat' }), claude: simulator({ speaks: 'anthropic-messages' }) },
  models: {
    relayed: { to: 'chat/a', price: 'free' },
    converted: { to: 'claude/b', price: 'free' },
    unpriced: { to: 'chat/c' },
    hidden: { to: 'chat/d', price: 'free' },
  },
  groups: { standard: { models: ['relayed', 'converted', 'unpriced'] } },
  defaultGroup: 'standard',
})
`,
    })
    const { code, stdout } = await gantry(['check'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}auth +auth-keys$/m)
    expect(stdout).toMatch(/^ {2}route +early → .*route-failover/m)
    expect(stdout).toMatch(/^ {2}relayed +openai-chat +chat\/a +relays bytes +everything +standard$/m)
    expect(stdout).toMatch(
      /^ {2}converted +openai-chat +claude\/b +converted +\d+ of \d+ features, \d+ nearly +standard$/m,
    )
    expect(stdout).toMatch(/Unpriced models\n {2}unpriced\n/)
    expect(stdout).toMatch(/Unreachable models\n {2}hidden\n/)
    const report = JSON.parse((await gantry(['check', '--json'], { cwd })).stdout) as {
      ok: boolean
      unpriced: string[]
      unreachable: string[]
      inspection: { routes: { model: string; client: string; relays: boolean }[] }
    }
    expect(report).toMatchObject({ ok: true, unpriced: ['unpriced'], unreachable: ['hidden'] })
    const chat = report.inspection.routes.filter((route) => route.client === 'openai-chat')
    expect(chat.map(({ model, relays }) => [model, relays])).toEqual([
      ['relayed', true],
      ['converted', false],
      ['unpriced', true],
      ['hidden', true],
    ])
  })

  it('changes nothing: no database, no socket', async () => {
    const { existsSync } = await import('node:fs')
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    expect((await gantry(['check'], { cwd })).code).toBe(0)
    expect(existsSync(`${cwd}/data`)).toBe(false)
  })
})
