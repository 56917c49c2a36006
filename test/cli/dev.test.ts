import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { gantry, project, startGantry, type Running } from './harness.ts'

/** A config whose model, price and plugins a test changes. */
function text(
  options: { greeting?: string; more?: string; before?: string; plugins?: string; pace?: number } = {},
): string {
  return `
    import simulator from '@gantry/provider-simulator'
    import memory from '@gantry/store-memory'
    import { defineGateway } from 'gantry'
    import { standard } from 'gantry/presets'
    import { models } from './models.ts'
    ${options.before ?? ''}
    export default defineGateway({
      plugins: [standard()${options.plugins ?? ''}],
      store: memory(),
      providers: { sim: simulator({ pace: ${options.pace ?? 30} }) },
      models,
      groups: { all: { models: ['*'] } },
      defaultGroup: 'all',
      ${options.more ?? ''}
    })`
}
const models = (names: readonly string[]): string =>
  `export const models = { ${names.map((name) => `'${name}': { to: 'sim/${name}' as const, price: { input: '1', output: '1' } }`).join(', ')} }`

let folder: string
let dev: Running
let url: string
let key: string

beforeEach(async () => {
  folder = project({ 'gateway.config.ts': text(), 'models.ts': models(['first']) })
  dev = startGantry(['dev', '--port', '0'], { cwd: folder })
  url = (await dev.waitFor(/listens on (http:\S+)/))[1]!
  await dev.waitFor(/Watching/)
  await gantry(['accounts', 'create', 'me'], { cwd: folder })
  await gantry(['accounts', 'credit', 'me', '5'], { cwd: folder })
  key = (await gantry(['keys', 'create', '--account', 'me'], { cwd: folder })).stdout.trim()
})

function edit(file: string, content: string): void {
  writeFileSync(join(folder, file), content)
}

function ask(model: string, content: string, stream = true): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content }] }),
  })
}

describe('gantry dev', () => {
  it('an edit during a stream cuts nothing; key and balance still work after it', async () => {
    const running = await ask('first', 'count 120')
    const streamed = running.text()
    edit('models.ts', models(['first', 'second']))
    await dev.waitFor(/Generation 2 serves[^]*\+ second → sim\/second \(relays bytes\)/)
    const second = await ask('second', 'say new', false)
    expect(await second.json()).toMatchObject({ choices: [{ message: { content: 'new' } }] })
    const whole = await streamed
    expect(whole).toContain('120')
    expect(whole.endsWith('data: [DONE]\n\n')).toBe(true)
    const { stdout } = await gantry(['accounts', 'list', '--json'], { cwd: folder })
    const [account] = (JSON.parse(stdout) as { items: { balances: { posted: string; held: string }[] }[] })
      .items
    expect(Number(account!.balances[0]!.posted)).toBeLessThan(5)
    expect(Number(account!.balances[0]!.posted)).toBeGreaterThan(4.9)
    expect(Number(account!.balances[0]!.held)).toBe(0)
  })

  it('prints the hook order that changed', async () => {
    edit(
      'gateway.config.ts',
      text({ plugins: ", { name: 'mine', enforce: 'pre', hooks: { route: () => {} } }" }),
    )
    const [line] = await dev.waitFor(/route: mine, route-failover \(was route-failover\)/)
    expect(line).toContain('mine')
  })

  const broken: readonly (readonly [name: string, breakIt: () => void, why: RegExp])[] = [
    ['a syntax error', () => edit('gateway.config.ts', `${text()} ]]]`), /gateway\.config\.ts/],
    [
      'a throw',
      () => edit('gateway.config.ts', text({ before: "throw new Error('on purpose')" })),
      /on purpose/,
    ],
    ['a file saved half', () => edit('gateway.config.ts', text().slice(0, 300)), /gateway\.config\.ts/],
    ['an import that breaks', () => edit('models.ts', 'export const models = {'), /models\.ts/],
    [
      'an unknown provider',
      () => edit('models.ts', "export const models = { first: { to: 'simm/x' } }"),
      /simm/,
    ],
    [
      'two plugins of one slot name',
      () => edit('gateway.config.ts', text({ more: "defaultModel: 'gone'," })),
      /gone/,
    ],
    [
      'a plugin of another contract',
      () =>
        edit(
          'gateway.config.ts',
          text({
            plugins: ", { name: 'future', provides: { protocol: [{ name: 'p', contract: 2 }] } } as never",
          }),
        ),
      /contract/,
    ],
    [
      'a cyclic read',
      () =>
        edit(
          'gateway.config.ts',
          text({
            before: "import { defineKey } from 'gantry'; const a = defineKey('a'); const b = defineKey('b')",
            plugins:
              ", { name: 'x', reads: [a], writes: [b], hooks: { auth: () => {} } }, { name: 'y', reads: [b], writes: [a], hooks: { auth: () => {} } }",
          }),
        ),
      /"a"|"b"/,
    ],
    [
      'a setup that fails',
      () =>
        edit(
          'gateway.config.ts',
          text({ plugins: ", { name: 'bad', setup() { throw new Error('no disk') } }" }),
        ),
      /no disk/,
    ],
    ['a deleted config', () => rmSync(join(folder, 'gateway.config.ts')), /gateway\.config/],
  ]

  it('a broken edit keeps the last good generation and says why; the next good edit is taken', async () => {
    const repair = async (model: string): Promise<void> => {
      const from = dev.stdout().length
      edit('models.ts', models(['first', model]))
      // Renamed over, as editors save.
      edit('new.config.ts', text({ before: `// ${model}` }))
      renameSync(join(folder, 'new.config.ts'), join(folder, 'gateway.config.ts'))
      await expect.poll(() => dev.stdout().slice(from), { timeout: 20_000 }).toMatch(/Generation \d+ serves/)
      await expect
        .poll(async () => (await ask(model, 'say good', false)).status, { timeout: 20_000 })
        .toBe(200)
    }
    for (const [index, [name, breakIt, why]] of broken.entries()) {
      const from = dev.stdout().length
      const since = (): string => dev.stdout().slice(from)
      breakIt()
      await expect.poll(since, { timeout: 20_000, message: name }).toMatch(/Generation \d+ goes on serving/)
      expect(since(), name).toMatch(why)
      expect(since(), name).not.toMatch(/\n\s+at /)
      expect((await ask('first', 'say old', false)).status, name).toBe(200)
      await repair(`model-${index}`)
    }
  }, 180_000)

  it('a config that loops for ever is stopped in its own thread', async () => {
    const streamed = ask('first', 'count 60').then((response) => response.text())
    edit('gateway.config.ts', text({ before: 'for (;;) {}' }))
    await dev.waitFor(/did not finish evaluating[^]*Generation 1 goes on serving/)
    expect(await streamed).toContain('[DONE]')
    expect((await ask('first', 'say still', false)).status).toBe(200)
  }, 60_000)

  it('takes an edit of the .env', async () => {
    edit(
      'gateway.config.ts',
      text({ before: "import { env } from 'gantry'", pace: 1 }).replace(
        'simulator({',
        "simulator({ seed: env('SEED') as never, ",
      ),
    )
    await dev.waitFor(/SEED[^]*Generation 1 goes on serving/)
    edit('.env', 'SEED=one\n')
    await dev.waitFor(/Generation 2 serves/)
    edit('.env', 'SEED=two\n')
    const [line] = await dev.waitFor(/Generation 3 serves/)
    expect(line).toBe('Generation 3 serves')
  })
})

it('--trace prints every moment of a request', async () => {
  const traced = startGantry(['dev', '--port', '0', '--trace'], {
    cwd: project({
      'gateway.config.ts': text({ pace: 1 }).replace('standard()', 'standard({ auth: false, bill: false })'),
      'models.ts': models(['first']),
    }),
  })
  const [, at = ''] = await traced.waitFor(/listens on (http:\S+)/)
  const response = await fetch(`${at}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'first', messages: [{ role: 'user', content: 'say hi' }] }),
  })
  expect(response.status).toBe(200)
  await response.text()
  await traced.waitFor(/cost +[0-9.]+ usd/)
  expect(traced.stdout()).toMatch(/completed 200 in [^]*bytes relayed/)
  expect(traced.stdout()).toMatch(/route · route-failover/)
  expect(traced.stdout()).toMatch(
    /→ POST http:\S+\/chat\/completions \(openai-chat, the client’s bytes, spliced\)/,
  )
  expect(traced.stdout()).toMatch(/price +tokens: \d+ output × 1000000 pico/)
})

it('a stop waits for what an old generation still owes the store', async () => {
  const folder = project({
    'gateway.config.ts': text()
      .replace("import memory from '@gantry/store-memory'", "import sqlite from '@gantry/store-sqlite'")
      .replace('memory()', "sqlite('./gateway.db')")
      .replace('import { defineGateway }', 'import { defineGateway, definePlugin }')
      // The ledger's work ends late: after the answer, and after the server has nothing left to wait for.
      .replace(
        'plugins: [standard()',
        `plugins: [
          definePlugin({ name: 'kept', create: () => ({ name: 'kept', keep: true, close: () => console.log('KEPT CLOSED') }) })(),
          { name: 'slow', enforce: 'pre', hooks: { 'bill.settle': () => new Promise((done) => setTimeout(done, 1500)).then(() => console.log('OWED SETTLED')) } },
          standard()`,
      ),
    'models.ts': models(['first']),
  })
  const running = startGantry(['dev', '--port', '0'], { cwd: folder })
  const [, at = ''] = await running.waitFor(/listens on (http:\S+)/)
  await running.waitFor(/Watching/)
  await gantry(['accounts', 'create', 'me'], { cwd: folder })
  await gantry(['accounts', 'credit', 'me', '5'], { cwd: folder })
  const secret = (await gantry(['keys', 'create', '--account', 'me'], { cwd: folder })).stdout.trim()
  const streamed = fetch(`${at}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'first',
      stream: true,
      messages: [{ role: 'user', content: 'count 200' }],
    }),
  }).then((response) => response.text())
  await new Promise((resolve) => setTimeout(resolve, 300))
  writeFileSync(join(folder, 'models.ts'), models(['first', 'second']))
  await running.waitFor(/Generation 2 serves/)
  const stopped = running.stop()
  expect(await streamed).toContain('[DONE]')
  const { code, stdout: printed } = await stopped
  expect(code).toBe(0)
  // What both generations share is closed by the last one, after the first has settled.
  expect(printed.match(/OWED SETTLED|KEPT CLOSED/g)).toEqual(['OWED SETTLED', 'KEPT CLOSED'])
  const { stdout } = await gantry(['accounts', 'list', '--json'], { cwd: folder })
  const [account] = (JSON.parse(stdout) as { items: { balances: { posted: string; held: string }[] }[] })
    .items
  expect(Number(account!.balances[0]!.held)).toBe(0)
  expect(Number(account!.balances[0]!.posted)).toBeLessThan(5)
})
