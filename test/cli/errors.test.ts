import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { configText, type Ended, gantry, project } from './harness.ts'

/** What every error a user meets has in common. */
function expectOneScreen(ended: Ended): string {
  expect(ended.code).toBe(1)
  expect(ended.stdout).toBe('')
  expect(ended.stderr).toMatch(/^gantry: /)
  expect(ended.stderr.split('\n').length).toBeLessThanOrEqual(24)
  expect(ended.stderr).not.toMatch(/^\s+at .*[:(]\d+/m)
  expect(ended.stderr).not.toContain('node:internal')
  return ended.stderr
}

describe('errors a user meets', () => {
  it('no config: where it looked, and how to make one', async () => {
    const cwd = project({})
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain('There is no gateway.config.ts here.')
    for (const end of ['ts', 'mts', 'js', 'mjs']) expect(shown).toContain(`${cwd}/gateway.config.${end}`)
    expect(shown).toContain('defineGateway(')
  })

  it('a syntax error: file, line, column and the text', async () => {
    const cwd = project({ 'gateway.config.ts': 'export default {\n  plugins: [],\n  models: }\n}\n' })
    const shown = expectOneScreen(await gantry(['check'], { cwd }))
    expect(shown).toContain(`${cwd}/gateway.config.ts:3:11 is not valid TypeScript: Unexpected token`)
    expect(shown).toContain('>    3 |   models: }')
    expect(shown).toMatch(/^ {9}\| {11}\^$/m)
  })

  it('a syntax error in a file that the config imports', async () => {
    const cwd = project({
      'gateway.config.ts': "import { x } from './part.ts'\nexport default x\n",
      'part.ts': 'export const x = {\n',
    })
    expect(expectOneScreen(await gantry(['check'], { cwd }))).toContain(`${cwd}/part.ts:2`)
  })

  it('a plugin that is not installed: who imports it, and the nearest name', async () => {
    const cwd = project({
      'gateway.config.ts': "import x from '@gantry/provider-opnai'\nexport default { x }\n",
    })
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain(`${cwd}/gateway.config.ts imports "@gantry/provider-opnai", which is not there.`)
    expect(shown).toContain('Did you mean "@gantry/provider-openai"?')
    const other = project({
      'gateway.config.ts': "import x from 'gantry-plugin-none/sub'\nexport default { x }\n",
    })
    expect(expectOneScreen(await gantry(['start'], { cwd: other }))).toContain(
      'npm install gantry-plugin-none',
    )
  })

  it('a config without a default export', async () => {
    const cwd = project({ 'gateway.config.ts': 'export const config = {}\n' })
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain('has no default export that is a config')
    expect(shown).toContain('export default defineGateway(')
  })

  it('a config that throws: where', async () => {
    const cwd = project({ 'gateway.config.ts': "\nthrow new Error('not today')\nexport default {}\n" })
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain(`${cwd}/gateway.config.ts:2 failed while it was read: not today`)
  })

  it('an unknown name: the nearest right one', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ more: "defaultModel: 'smal'," }) })
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain('defaultModel')
    expect(shown).toContain('Did you mean "small"?')
  })

  it('options of the wrong type: their path', async () => {
    const cwd = project({
      'gateway.config.ts': configText({ more: "server: { port: '8787', drainTimeoutMs: -1 }," }),
    })
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain('server.port')
    expect(shown).toContain('server.drainTimeoutMs')
    const plugin = project({
      'gateway.config.ts': configText({
        more: "plugins: [standard({ auth: { prefix: 7, pepper: 'short' } })],",
      }),
    })
    const named = expectOneScreen(await gantry(['start'], { cwd: plugin }))
    expect(named).toContain('auth-keys.prefix')
    expect(named).toContain('auth-keys.pepper')
  })

  it('a missing environment variable: the option that wanted it; a .env beside the config has it', async () => {
    const text = configText({ more: "plugins: [standard({ auth: { pepper: env('PEPPER_OF_TEST') } })]," })
    const cwd = project({ 'gateway.config.ts': text })
    const shown = expectOneScreen(await gantry(['start'], { cwd }))
    expect(shown).toContain(
      'auth-keys.pepper: needs the environment variable PEPPER_OF_TEST, which is not set.',
    )
    const right = project({ 'gateway.config.ts': text, '.env': 'PEPPER_OF_TEST="a pepper from the file"\n' })
    expect((await gantry(['check', '--config', right], { cwd })).code).toBe(0)
  })

  it('a port in use', async () => {
    const taken = createServer()
    await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done))
    const { port } = taken.address() as { port: number }
    const cwd = project({ 'gateway.config.ts': configText() })
    const shown = expectOneScreen(await gantry(['start', '--port', String(port)], { cwd }))
    expect(shown).toContain(`port ${port} of 127.0.0.1 is in use`)
    taken.close()
  })

  it('unknown commands, flags and words, and missing ones', async () => {
    const cwd = project({})
    const cases: readonly [words: readonly string[], message: string][] = [
      [['strat'], 'Did you mean "start"?'],
      [['keys', 'craete'], 'Did you mean "create"?'],
      [['keys', 'create'], '--account'],
      [['keys', 'create', '--acount', 'x', '--account', 'y'], 'There is no flag --acount.'],
      [['start', 'now'], '"now" is one word too many.'],
      [['start', '--port', 'x'], '--port is a whole number'],
      [['accounts', 'credit', 'acme'], 'AMOUNT'],
      [['keys', 'create', '--account', 'x', '--expires', 'soon'], 'neither a span nor a time'],
    ]
    for (const [words, message] of cases) {
      expect(expectOneScreen(await gantry(words, { cwd }))).toContain(message)
    }
  })

  it('shows a stack only when asked', async () => {
    const cwd = project({ 'gateway.config.ts': "\nthrow new Error('not today')\nexport default {}\n" })
    const shown = (await gantry(['start', '--debug'], { cwd })).stderr
    expect(shown).toMatch(/^\s+at .*\d+/m)
    expect(shown).toContain('caused by:')
  })

  it('helps, and says its version', async () => {
    const cwd = project({})
    const help = await gantry(['--help'], { cwd })
    expect(help.code).toBe(0)
    for (const name of ['start', 'check', 'keys', 'accounts', 'play']) expect(help.stdout).toContain(name)
    expect((await gantry(['accounts', 'credit', '--help'], { cwd })).stdout).toContain('--reference')
    expect((await gantry(['--version'], { cwd })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
