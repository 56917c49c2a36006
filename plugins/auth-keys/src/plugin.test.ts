import { account, bootNotes, type Context, GatewayError, group, key, type KeyRecord } from '@gantry/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSecret, generateKey, keyringOf } from './index.ts'
import { createHasher } from './hash.ts'
import { authKeys, type AuthKeysPlugin } from './plugin.ts'
import { config, ask, fakeHost, fakeKeys, failure } from './fake.test-support.ts'

const pepper = 'a pepper for the tests of keys'
const refusal =
  'Missing or invalid API key. Send a valid key as "Authorization: Bearer <key>" or "x-api-key: <key>".'

async function ready(options: Parameters<typeof authKeys>[0] = {}): Promise<{
  plugin: AuthKeysPlugin
  keys: ReturnType<typeof fakeKeys>
  host: ReturnType<typeof fakeHost>
}> {
  const plugin = authKeys({ pepper, ...options })
  const keys = fakeKeys()
  const host = fakeHost({ keys })
  await plugin.setup?.(host)
  return { plugin, keys, host }
}

afterEach(() => void vi.useRealTimers())

describe('letting in', () => {
  it('takes a stored key by Bearer, x-api-key and x-goog-api-key and writes account, key and group', async () => {
    const { plugin } = await ready()
    const { secret, record } = await plugin.keyring.issue({ account: 'acme', group: 'standard' })
    const ways: Record<string, string>[] = [
      { authorization: `Bearer ${secret}` },
      { authorization: `bearer  ${secret} ` },
      { 'x-api-key': secret },
      { 'x-goog-api-key': secret },
    ]
    for (const headers of ways) {
      const context = await ask(plugin, headers)
      expect(context.get(account)).toBe('acme')
      expect(context.get(group)).toBe('standard')
      expect(context.get(key)).toEqual(record)
    }
  })

  it('prefers Authorization where two keys are present, also when it is the bad one', async () => {
    const { plugin } = await ready()
    const one = await plugin.keyring.issue({ account: 'one', group: 'standard' })
    const two = await plugin.keyring.issue({ account: 'two', group: 'standard' })
    const both = await ask(plugin, { authorization: `Bearer ${one.secret}`, 'x-api-key': two.secret })
    expect(both.get(account)).toBe('one')
    const bad = await failure(
      ask(plugin, { authorization: `Bearer ${createSecret()}`, 'x-api-key': two.secret }),
    )
    expect(bad.class).toBe('authentication')
  })

  it('does not let a Basic header of a proxy hide a key', async () => {
    const { plugin } = await ready()
    const { secret } = await plugin.keyring.issue({ account: 'acme', group: 'standard' })
    const context = await ask(plugin, { authorization: 'Basic dXNlcjpwYXNz', 'x-api-key': secret })
    expect(context.get(account)).toBe('acme')
  })

  it('knows keys from the config by hash, without a store', async () => {
    const made = generateKey({ pepper })
    const plugin = authKeys({
      pepper,
      keys: [
        { hash: made.hash, account: 'acme', group: 'vip', name: 'laptop', expiresAt: '2999-01-01T00:00:00Z' },
      ],
    })
    expect(bootNotes(plugin).problems).toEqual([])
    await plugin.setup?.(fakeHost({}))
    const context = await ask(plugin, { authorization: `Bearer ${made.secret}` })
    expect(context.get(group)).toBe('vip')
    expect(context.get(key)).toMatchObject({ account: 'acme', name: 'laptop', disabled: false })
    await expect(plugin.keyring.issue({ account: 'a', group: 'vip' })).rejects.toThrow('No store holds keys')
    await expect(plugin.keyring.revoke(context.get(key).id)).rejects.toThrow('written in the config')
  })

  it('accepts keys of the pepper before, and of another prefix', async () => {
    const { plugin: old, keys } = await ready({ prefix: 'sk-old' })
    const { secret } = await old.keyring.issue({ account: 'acme', group: 'standard' })
    const plugin = authKeys({ pepper: ['another pepper for the tests', pepper], prefix: 'sk-new' })
    await plugin.setup?.(fakeHost({ keys }))
    expect((await ask(plugin, { 'x-api-key': secret })).get(account)).toBe('acme')
    expect((await plugin.keyring.issue({ account: 'acme', group: 'vip' })).secret).toMatch(/^sk-new_/)
    const rotated = authKeys({ pepper: 'another pepper for the tests' })
    await rotated.setup?.(fakeHost({ keys }))
    expect((await failure(ask(rotated, { 'x-api-key': secret }))).class).toBe('authentication')
  })
})

describe('refusing', () => {
  it('gives one error for missing, malformed, mistyped, unknown, expired, disabled and revoked keys', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { plugin, keys } = await ready()
    const expired = await plugin.keyring.issue({
      account: 'a',
      group: 'standard',
      expiresAt: Date.now() + 1000,
    })
    const revoked = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    const disabled = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    const good = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    await ask(plugin, { 'x-api-key': expired.secret })
    await plugin.keyring.revoke(revoked.record.id)
    keys.records.set(plugin.keyring.hash(disabled.secret), { ...disabled.record, disabled: true })
    vi.setSystemTime(Date.now() + 1000)
    const bad: Record<string, string>[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${good.secret} ${good.secret}` },
      { authorization: `Token ${good.secret}` },
      { 'x-api-key': 'sk-123' },
      { 'x-api-key': good.secret.slice(0, -1) + (good.secret.endsWith('a') ? 'b' : 'a') },
      { 'x-api-key': createSecret() },
      { 'x-api-key': expired.secret },
      { 'x-api-key': revoked.secret },
      { 'x-api-key': disabled.secret },
    ]
    for (const headers of bad) {
      expect(await failure(ask(plugin, headers))).toEqual({
        class: 'authentication',
        status: 401,
        code: 'invalid_api_key',
        message: refusal,
        retryable: false,
        source: 'gateway',
      })
    }
    expect((await ask(plugin, { 'x-api-key': good.secret })).get(account)).toBe('a')
  })

  it('says 403 for a key whose group is gone, also for a group named like an object property', async () => {
    const { plugin, keys } = await ready()
    for (const name of ['gone', 'constructor', '__proto__']) {
      const secret = createSecret()
      const record: KeyRecord = { id: name, account: 'a', group: name, disabled: false }
      await keys.create(record, plugin.keyring.hash(secret))
      expect(await failure(ask(plugin, { 'x-api-key': secret }))).toMatchObject({
        class: 'permission',
        status: 403,
      })
    }
  })

  it('fails closed when the store fails', async () => {
    const { plugin, keys } = await ready()
    keys.find = async () => {
      throw new Error('disk on fire')
    }
    await expect(ask(plugin, { 'x-api-key': createSecret() })).rejects.toThrow('disk on fire')
  })
})

describe('remembering', () => {
  it('asks the store once in its time, for known and for unknown keys', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { plugin, keys } = await ready()
    const { secret } = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    const unknown = createSecret()
    for (let round = 0; round < 3; round++) {
      await ask(plugin, { 'x-api-key': secret })
      await failure(ask(plugin, { 'x-api-key': unknown }))
    }
    expect(keys.asked).toBe(2)
    vi.setSystemTime(Date.now() + 5000)
    await ask(plugin, { 'x-api-key': secret })
    await failure(ask(plugin, { 'x-api-key': unknown }))
    expect(keys.asked).toBe(4)
  })

  it('never asks the store about a mistyped key', async () => {
    const { plugin, keys } = await ready()
    await failure(ask(plugin, { 'x-api-key': 'sk-gantry_' + 'a'.repeat(38) }))
    expect(keys.asked).toBe(0)
  })

  it('refuses a revoked key at once, also while its look-up is under way', async () => {
    const { plugin, keys } = await ready()
    const { secret, record } = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    await ask(plugin, { 'x-api-key': secret })
    expect(await plugin.keyring.revoke(record.id)).toBe(true)
    expect((await failure(ask(plugin, { 'x-api-key': secret }))).class).toBe('authentication')
    expect(await plugin.keyring.revoke('key_unknown')).toBe(false)

    const slow = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    const release = Promise.withResolvers<void>()
    const find = keys.find
    keys.find = async (hash) => {
      const found = await find(hash)
      await release.promise
      return found
    }
    const waiting = ask(plugin, { 'x-api-key': slow.secret })
    await plugin.keyring.revoke(slow.record.id)
    release.resolve()
    await waiting
    keys.find = find
    expect((await failure(ask(plugin, { 'x-api-key': slow.secret }))).class).toBe('authentication')
  })

  it('keeps known keys while ten thousand unknown ones are tried', async () => {
    const { plugin, keys } = await ready({ cacheTtlMs: 10_000 })
    const { secret } = await plugin.keyring.issue({ account: 'a', group: 'standard' })
    await ask(plugin, { 'x-api-key': secret })
    for (let count = 0; count < 10_100; count++) await failure(ask(plugin, { 'x-api-key': createSecret() }))
    const before = keys.asked
    await ask(plugin, { 'x-api-key': secret })
    expect(keys.asked).toBe(before)
  })

  it('does not mix up keys that begin alike', async () => {
    const { plugin, keys } = await ready()
    const one = await plugin.keyring.issue({ account: 'one', group: 'standard' })
    const alike = one.secret.slice(0, -8)
    await ask(plugin, { 'x-api-key': one.secret })
    await failure(ask(plugin, { 'x-api-key': alike }))
    expect(keys.records.size).toBe(1)
    expect([...keys.records.keys()][0]).toBe(createHasher([pepper]).hash(one.secret))
  })
})

describe('keyring', () => {
  it('stores no secret: nothing at rest contains any eight characters of it beyond the last four', async () => {
    const { plugin, keys } = await ready()
    const { secret, record } = await plugin.keyring.issue({ account: 'a', group: 'standard', name: 'n' })
    const atRest = JSON.stringify([...keys.records])
    const random = secret.slice('sk-gantry_'.length)
    for (let at = 0; at + 5 <= random.length; at++) expect(atRest).not.toContain(random.slice(at, at + 5))
    expect(record.lastFour).toBe(secret.slice(-4))
    expect(record).toMatchObject({ account: 'a', group: 'standard', name: 'n', disabled: false })
  })

  it('names the nearest group, and refuses bad accounts and past expiries', async () => {
    const { plugin } = await ready()
    await expect(plugin.keyring.issue({ account: 'a', group: 'standart' })).rejects.toThrow(
      'There is no group "standart" in the config. Did you mean "standard"?',
    )
    await expect(plugin.keyring.issue({ account: 'revenue:usd', group: 'vip' })).rejects.toThrow(
      'not an account id',
    )
    await expect(plugin.keyring.issue({ account: '', group: 'vip' })).rejects.toThrow('not an account id')
    await expect(
      plugin.keyring.issue({ account: 'a', group: 'vip', expiresAt: Date.now() - 1 }),
    ).rejects.toThrow('in the future')
  })

  it('is found by its brand, and refuses work before setup', async () => {
    const plugin = authKeys({ pepper })
    expect(keyringOf(plugin)).toBe(plugin.keyring)
    expect(keyringOf({})).toBeUndefined()
    await expect(plugin.keyring.issue({ account: 'a', group: 'vip' })).rejects.toThrow(
      'once the gateway is set up',
    )
  })
})

describe('options', () => {
  it('name every problem at once', () => {
    const wrong = {
      pepper: 'short',
      prefix: '1x',
      cacheTtlMs: 60_000,
      keys: [{ hash: 'abc', account: 'a b', group: 'x' }],
    }
    const plugin = authKeys(wrong)
    const paths = bootNotes(plugin).problems.map((problem) => problem.path)
    expect(paths.toSorted()).toEqual([
      'auth-keys.cacheTtlMs',
      'auth-keys.keys.0.account',
      'auth-keys.keys.0.hash',
      'auth-keys.pepper',
      'auth-keys.prefix',
    ])
    expect(() => plugin.keyring.hash('x')).toThrow('options of auth-keys are invalid')
  })

  it('check the groups of configured keys against the config', () => {
    const made = generateKey({ pepper })
    const keys = [
      { hash: made.hash, account: 'a', group: 'vipp' },
      { hash: made.hash, account: 'a', group: 'vip' },
    ]
    const problems = authKeys({ pepper, keys }).check?.(config) ?? []
    expect(problems.map(({ code, path, fix }) => ({ code, path, fix }))).toEqual([
      { code: 'UNKNOWN_GROUP', path: 'auth-keys.keys[0].group', fix: 'Did you mean "vip"?' },
      { code: 'DUPLICATE_KEY', path: 'auth-keys.keys[1].hash', fix: 'Remove one of them.' },
    ])
  })

  it('warn once at boot without a pepper, and not with one', async () => {
    const { host } = await ready()
    expect(host.logger.lines).toEqual([])
    const plain = fakeHost({ keys: fakeKeys() })
    const plugin = authKeys()
    await plugin.setup?.(plain)
    expect(plain.logger.lines).toHaveLength(1)
    expect(plain.logger.lines[0]).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('public default pepper'),
    })
    const { secret } = await plugin.keyring.issue({ account: 'a', group: 'vip' })
    const context: Context = await ask(plugin, { 'x-api-key': secret })
    expect(context.get(group)).toBe('vip')
  })
})

it('throws errors that any copy of core knows', async () => {
  const { plugin } = await ready()
  const thrown: unknown = await ask(plugin, {}).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(GatewayError.is(thrown)).toBe(true)
})
