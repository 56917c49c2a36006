import { access, readdir, readFile } from 'node:fs/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { runGantry, startGateway, writeConfig } from '../support/gateway.ts'
import { sdk } from '../support/sdk.ts'

const root: string = new URL('../../', import.meta.url).pathname

describe('E1 a pnpm workspace', () => {
  it.each([
    'packages',
    'plugins',
    'playground',
    'test',
    'docs',
    'pnpm-workspace.yaml',
    'package.json',
    'tsconfig.base.json',
  ])('has %s at its top', async (name) => {
    await access(`${root}${name}`)
  })

  it('has a package of its own for each plugin, with a README', async () => {
    for (const name of await readdir(`${root}plugins`)) {
      const manifest = JSON.parse(await readFile(`${root}plugins/${name}/package.json`, 'utf8')) as {
        name: string
      }
      expect(manifest.name).toBe(`@gantry/${name}`)
      await access(`${root}plugins/${name}/README.md`)
    }
  })
})

describe('E2 a small h3 core with the five phases as hooks', () => {
  const stops: (() => Promise<unknown>)[] = []
  afterAll(() => Promise.all(stops.map((stop) => stop())))

  it('runs auth, route, bill, transform and log of a plugin in the config, in that order', async () => {
    const config = await writeConfig(`
      import simulator from '@gantry/provider-simulator'
      import { defineGateway, account, group } from 'gantry'
      import { standard } from 'gantry/presets'
      const seen: string[] = []
      const note = (name: string) => { seen.push(name) }
      export default defineGateway({
        server: { controlSocket: process.env.GANTRY_TEST_DIRECTORY + '/control.sock' },
        plugins: [standard({ auth: false, bill: false })],
        providers: { sim: simulator() },
        models: { m: { to: 'sim/m', price: 'free' } },
        groups: { all: { models: ['*'] } },
        defaultGroup: 'all',
        hooks: {
          auth: (context) => { note('auth'); context.set(account, 'me'); context.set(group, 'all') },
          route: () => note('route'),
          'bill.reserve': () => note('bill.reserve'),
          'transform.request': () => note('transform.request'),
          'transform.event': () => { note('transform.event'); return undefined },
          'route.outcome': () => note('route.outcome'),
          'bill.settle': () => note('bill.settle'),
          log: () => { note('log'); console.log('ORDER ' + seen.join(' ')) },
        },
      })`)
    const gateway = await startGateway(config)
    stops.push(gateway.stop)
    const answer = await sdk(gateway.url, 'any').chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'say hooked' }],
    })
    expect(answer.choices[0]?.message.content).toBe('hooked')
    await expect
      .poll(() => /ORDER (.*)/.exec(gateway.output())?.[1])
      .toBe('auth route bill.reserve transform.request transform.event route.outcome bill.settle log')
  })
})

describe('E4 composed from a typed gateway.config.ts', () => {
  it('boots from the file, and says what is wrong with a bad one', async () => {
    const config = await writeConfig(`
      import simulator from '@gantry/provider-simulator'
      import { defineGateway } from 'gantry'
      import { standard } from 'gantry/presets'
      export default defineGateway({
        plugins: [standard({ auth: false, bill: false })],
        providers: { sim: simulator() },
        models: { m: { to: 'sym/m' as 'sim/m' } },
        groups: { all: { models: ['*'] } },
        defaultGroup: 'al' as 'all',
      })`)
    const checked = await runGantry(['check', '--config', config])
    expect(checked.code).toBe(1)
    const text = checked.stdout + checked.stderr
    expect(text).toContain('models.m.to')
    expect(text).toMatch(/Did you mean "?sim/)
    expect(text).toContain('defaultGroup')
    expect(text).not.toMatch(/\n\s+at /)
  })
})
