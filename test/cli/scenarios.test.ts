import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSimulator } from '@gantry/provider-simulator'
import { describe, expect, it } from 'vitest'
import { gantry, project, type Running, startGantry } from './harness.ts'

const playground: string = join(import.meta.dirname, '../../playground')

interface Played {
  readonly play: Running
  ask(group: string, body: object): Promise<{ readonly status: number; readonly text: string }>
}

/** Starts a scenario and reads its address and keys, as its user would. */
async function playing(scenario: string, env: { readonly [name: string]: string } = {}): Promise<Played> {
  const play = startGantry(['play', scenario, '--port', '0'], { cwd: project({}), env })
  const [, url = ''] = await play.waitFor(/^Base URL +(\S+)$/m)
  await play.waitFor(/Ctrl-C stops/)
  return {
    play,
    async ask(group, body) {
      const key = new RegExp(`(sk-gantry_\\w+) +\\(group ${group}\\)`).exec(play.stdout())?.[1]
      const response = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'count 5' }], ...body }),
      })
      return { status: response.status, text: await response.text() }
    },
  }
}

describe('scenarios', () => {
  it('are all listed with the first sentence of their README', async () => {
    const { code, stdout } = await gantry(['play', '--list'], { cwd: project({}) })
    expect(code).toBe(0)
    const names = readdirSync(playground, { withFileTypes: true }).filter((one) => one.isDirectory())
    for (const { name } of names) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\S.{20,}\\.$`, 'm'))
      const readme = readFileSync(join(playground, name, 'README.md'), 'utf8')
      expect(readme).toContain(`pnpm@12 play ${name}`)
    }
  })

  it("of a folder's own come first, and are listed beside ours", async () => {
    const { mkdirSync, writeFileSync } = await import('node:fs')
    const cwd = project({})
    mkdirSync(join(cwd, 'playground/mine'), { recursive: true })
    writeFileSync(join(cwd, 'playground/mine/gateway.config.ts'), 'export default {}')
    writeFileSync(join(cwd, 'playground/mine/README.md'), '# mine\n\nMy own\nexperiment, v1.2. More.\n')
    const { stdout } = await gantry(['play', '--list'], { cwd })
    expect(stdout).toMatch(/^mine +My own experiment, v1\.2\.$/m)
    expect(stdout).toMatch(/^basic /m)
  })

  it('groups: models and prices differ by key', async () => {
    const { play, ask } = await playing('groups')
    expect((await ask('trial', { model: 'small' })).status).toBe(200)
    expect((await ask('team', { model: 'small' })).status).toBe(200)
    const refused = await ask('trial', { model: 'large' })
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('large')])
    expect((await ask('team', { model: 'large' })).status).toBe(200)
    const costs: string[] = []
    for (const group of ['trial', 'team']) {
      const [, cost = ''] = await play.waitFor(
        new RegExp(`play-${group} .* small .* ([0-9.]+) usd  completed`),
      )
      costs.push(cost)
    }
    const [trial, team] = costs.map(Number)
    expect(trial! / team!).toBeCloseTo(1.5 / 0.8, 1)
  })

  it('failover: the answer comes from the second host, paid once; without one the failure is the answer', async () => {
    const { play, ask } = await playing('failover')
    for (let asked = 0; asked < 5; asked++) expect((await ask('standard', {})).status).toBe(200)
    await play.waitFor(/(?:steady → healthy\/small .* completed 200 [^]*){5}/)
    const alone = await ask('standard', { model: 'alone' })
    expect([alone.status, alone.text]).toEqual([
      expect.toSatisfy((status) => status >= 500),
      expect.anything(),
    ])
    await play.waitFor(/alone → .* no price|alone → .* 0 usd/)
  })

  it('custom: the fee of the plugin in the folder is in the bill, before the ratio', async () => {
    const lines = readFileSync(join(playground, 'custom/fee.ts'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(15)
    const { play, ask } = await playing('custom')
    for (const [group, ratio] of [
      ['standard', 10n],
      ['vip', 5n],
    ] as const) {
      expect((await ask(group, {})).status).toBe(200)
      const found = await play.waitFor(new RegExp(`play-${group} .*?(\\d+) in (\\d+) out  ([0-9.]+) usd`))
      const [, input = '', output = '', cost = ''] = found
      // Pico: tokens, and a tenth of a cent.
      const pico = (BigInt(input) * 150_000n + BigInt(output) * 600_000n + 1_000_000_000n) * ratio
      expect(nano(cost)).toBe((pico + 9_999n) / 10_000n)
    }
  })

  it('real: providers join in with their keys and addresses', async () => {
    const none = await playing('real')
    expect(none.play.stdout()).toMatch(/^Models +simulated$/m)
    expect((await none.ask('standard', {})).status).toBe(200)

    const upstream = await startSimulator({ models: ['llama3.2'] })
    try {
      const { play, ask } = await playing('real', {
        OPENAI_API_KEY: 'sk-1',
        ANTHROPIC_API_KEY: 'sk-2',
        LOCAL_OPENAI_URL: upstream.url,
        LOCAL_OPENAI_MODEL: 'llama3.2',
      })
      expect(play.stdout()).toMatch(/^Models +simulated, gpt-5\.5, claude-sonnet-4-6, local$/m)
      expect((await ask('standard', { model: 'local' })).status).toBe(200)
      expect(upstream.requests.map(({ path }) => path)).toEqual(['/v1/chat/completions'])
      await play.waitFor(/local → local\/llama3\.2 relayed/)
    } finally {
      await upstream.close()
    }
  })
})

function nano(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.')
  return BigInt(whole + fraction.padEnd(9, '0'))
}
