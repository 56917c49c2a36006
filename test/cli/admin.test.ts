import { existsSync, mkdirSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configText, type Ended, gantry, project, startGantry } from './harness.ts'

interface Balance {
  readonly asset: string
  readonly posted: string
  readonly held: string
}
interface Accounts {
  readonly items: readonly { readonly account: string; readonly balances: readonly Balance[] }[]
}
interface Made {
  readonly secret: string
  readonly record: { readonly id: string; readonly group: string }
}

async function json<T>(ended: Promise<Ended>): Promise<T> {
  const { code, stdout, stderr } = await ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return JSON.parse(stdout) as T
}

describe.each(['without a gateway', 'beside a gateway'])('keys and accounts %s', (how) => {
  it('are made, listed, paid, charged and revoked', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    const run = (...words: string[]): Promise<Ended> => gantry(words, { cwd })
    const live = how === 'beside a gateway' ? startGantry(['start'], { cwd }) : undefined
    await live?.waitFor(/listens on/)

    expect((await run('accounts', 'create', 'acme', '--asset', 'usd,cny')).code).toBe(0)
    const credit = ['accounts', 'credit', 'acme', '12.50', '--reference', 'r1']
    expect((await run(...credit)).code).toBe(0)
    expect((await run(...credit)).code).toBe(0)
    expect((await run('accounts', 'debit', 'acme', '0.000000001')).code).toBe(0)
    const accounts = await json<Accounts>(run('accounts', 'list', '--json'))
    expect(accounts.items.map((one) => one.account)).toEqual(['acme'])
    expect(accounts.items[0]?.balances).toContainEqual({ asset: 'usd', posted: '12.499999999', held: '0' })
    expect(accounts.items[0]?.balances).toContainEqual({ asset: 'cny', posted: '0', held: '0' })
    expect((await run('accounts', 'list')).stdout).toMatch(/^acme +usd +12\.499999999 +0$/m)

    const made = await json<Made>(run('keys', 'create', '--account', 'acme', '--name', 'laptop', '--json'))
    expect(made.record.group).toBe('standard')
    const listed = (await run('keys', 'list')).stdout
    expect(listed).toMatch(
      new RegExp(`^${made.record.id} +acme +standard +laptop +${made.secret.slice(-4)} +active`, 'm'),
    )
    expect(listed).not.toContain(made.secret.slice(10, 20))

    const refused = await run('accounts', 'debit', 'acme', '100')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('does not cover')
    const unknown = await run('keys', 'create', '--account', 'acme', '--group', 'vipp')
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('Did you mean "vip"?')
    const odd = await run('accounts', 'create', 'revenue:usd')
    expect(odd.code).toBe(1)
    expect(odd.stderr).toContain('account')

    expect((await run('keys', 'revoke', made.record.id)).code).toBe(0)
    expect((await run('keys', 'list')).stdout).toMatch(new RegExp(`^${made.record.id} .*revoked`, 'm'))
    expect((await run('keys', 'revoke', 'key_none')).code).toBe(1)
    const stopped = await live?.stop()
    expect(stopped?.code ?? 0).toBe(0)
  }, 120_000)
})

describe('beside a gateway', () => {
  it('the control socket is for its user only', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    const live = startGantry(['start'], { cwd })
    await live.waitFor(/listens on/)
    expect(statSync(`${cwd}/data/gateway.db.sock`).mode & 0o777).toBe(0o600)
    expect(statSync(`${cwd}/data`).mode & 0o077).toBe(0)
  })

  it('a key made by a command works at once, and is refused at once when it is revoked', async () => {
    const cwd = project({ 'gateway.config.ts': configText() })
    const live = startGantry(['start'], { cwd })
    const [, url = ''] = await live.waitFor(/listens on (http:\S+)/)
    const made = await json<Made>(gantry(['keys', 'create', '--account', 'acme', '--json'], { cwd }))
    const models = (): Promise<Response> =>
      fetch(`${url}/v1/models`, { headers: { 'x-api-key': made.secret } })
    expect((await models()).status).toBe(200)
    expect((await gantry(['keys', 'revoke', made.record.id], { cwd })).code).toBe(0)
    expect((await models()).status).toBe(401)
    expect((await live.stop()).code).toBe(0)
  })

  it('a second one of the same config is refused, and the first goes on', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    const live = startGantry(['start'], { cwd })
    await live.waitFor(/listens on/)
    const second = await gantry(['start'], { cwd })
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('is running already')
    expect((await gantry(['keys', 'list'], { cwd })).code).toBe(0)
  })

  it('a socket left by a killed gateway is in nobody’s way', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    const first = startGantry(['start'], { cwd })
    await first.waitFor(/listens on/)
    await first.stop('SIGKILL')
    expect(existsSync(`${cwd}/data/gateway.db.sock`)).toBe(true)
    expect((await gantry(['accounts', 'create', 'acme'], { cwd })).code).toBe(0)
    const again = startGantry(['start'], { cwd })
    await again.waitFor(/listens on/)
    expect((await gantry(['accounts', 'list'], { cwd })).stdout).toContain('acme')
    expect((await again.stop('SIGINT')).code).toBe(0)
    expect(existsSync(`${cwd}/data/gateway.db.sock`)).toBe(false)
  })

  it('a key is revoked also while the last requests end', async () => {
    // An upstream that never answers.
    const upstream = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo
    const text = configText({ store: "sqlite('./data/gateway.db')" }).replace(
      '127.0.0.1:9/',
      `127.0.0.1:${port}/`,
    )
    const cwd = project({ 'gateway.config.ts': text })
    const live = startGantry(['start'], { cwd })
    const [, url = ''] = await live.waitFor(/listens on (http:\S+)/)
    expect((await gantry(['accounts', 'create', 'acme', '--overdraft', '1'], { cwd })).code).toBe(0)
    const made = await json<Made>(gantry(['keys', 'create', '--account', 'acme', '--json'], { cwd }))
    const asked = once(upstream, 'connection')
    const request = fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made.secret}` },
      body: '{"messages":[{"role":"user","content":"hi"}]}',
    }).catch(() => undefined)
    await asked
    live.child.kill('SIGTERM')
    while (!live.stderr().includes('SIGTERM')) await new Promise((resolve) => setTimeout(resolve, 20))
    const revoked = await gantry(['keys', 'revoke', made.record.id], { cwd })
    expect(revoked).toMatchObject({ code: 0 })
    await live.stop('SIGKILL')
    await request
    upstream.close()
  })

  it('a reading command needs no writer’s lock where the socket is out of reach', async () => {
    const store = "sqlite('./data/gateway.db')" as const
    const cwd = project({
      'gateway.config.ts': configText({ store }),
      'elsewhere.config.ts': configText({
        store,
        more: "server: { port: 0, controlSocket: './other.sock' },",
      }),
    })
    expect((await gantry(['accounts', 'create', 'acme'], { cwd })).code).toBe(0)
    const live = startGantry(['start'], { cwd })
    await live.waitFor(/listens on/)
    const reading = await gantry(['accounts', 'list', '--config', 'elsewhere.config.ts'], { cwd })
    expect(reading).toMatchObject({ code: 0 })
    expect(reading.stdout).toContain('acme')
    const writing = await gantry(['accounts', 'credit', 'acme', '1', '--config', 'elsewhere.config.ts'], {
      cwd,
    })
    expect(writing.code).toBe(1)
    expect(writing.stderr).toContain('in use by another gateway')
  })
})

describe('without a gateway', () => {
  it('a transfer whose answer was lost says how to repeat it without paying twice', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    mkdirSync(join(cwd, 'data'))
    // Takes the command and is gone: whether it was carried out, nobody can say.
    const server = createServer((socket) => socket.once('data', () => socket.destroy()).on('error', () => {}))
    await new Promise<void>((resolve) => server.listen(join(cwd, 'data/gateway.db.sock'), resolve))
    const lost = await gantry(['accounts', 'credit', 'acme', '5'], { cwd })
    server.close()
    expect(lost.code).toBe(1)
    expect(lost.stderr).toContain('It may have been done all the same')
    const [, reference = ''] = /--reference (cli-[0-9a-f-]{36})/.exec(lost.stderr) ?? []
    expect(reference).not.toBe('')
    expect((await gantry(['accounts', 'create', 'acme'], { cwd })).code).toBe(0)
    for (let turn = 0; turn < 2; turn++) {
      const repeated = ['accounts', 'credit', 'acme', '5', '--reference', reference, '--json']
      const { balances } = await json<Accounts['items'][number]>(gantry(repeated, { cwd }))
      expect(balances).toEqual([{ asset: 'usd', posted: '5', held: '0' }])
    }
  })

  it('says that a store in memory holds nothing, and that a database is not there yet', async () => {
    const memory = project({ 'gateway.config.ts': configText() })
    const made = await gantry(['keys', 'create', '--account', 'a'], { cwd: memory })
    expect(made.code).toBe(1)
    expect(made.stderr).toContain('its store is in memory')
    const fresh = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    const listed = await gantry(['keys', 'list'], { cwd: fresh })
    expect(listed.code).toBe(1)
    expect(listed.stderr).toContain('There is no database yet')
    expect(existsSync(`${fresh}/data`)).toBe(false)
  })

  it('finds the same store from any folder', async () => {
    const cwd = project({ 'gateway.config.ts': configText({ store: "sqlite('./data/gateway.db')" }) })
    const away = project({})
    expect((await gantry(['accounts', 'create', 'acme', '-c', cwd], { cwd: away })).code).toBe(0)
    expect((await gantry(['accounts', 'list'], { cwd })).stdout).toContain('acme')
    expect(existsSync(`${away}/data`)).toBe(false)
  })
})
