import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyPlugin, Protocol, ProviderPlugin } from '../contract/index.ts'
import { defineProvider } from '../define.ts'
import { resolveConfig } from './resolve.ts'
import { env } from './secret.ts'

const chat: AnyPlugin = {
  name: 'protocol-chat',
  provides: {
    protocol: [{ name: 'chat', contract: 1, client: { codecs: {}, framing: 'sse', decodeError: never } }],
  },
}

function provider(name = 'provider-fake', speaks: readonly [string, ...string[]] = ['chat']): ProviderPlugin {
  return {
    name,
    provider: (as) => ({
      name: as,
      speaks,
      cancelStopsBilling: true,
      endpoint: () => ({ url: 'http://127.0.0.1', headers: {} }),
    }),
  }
}

/** A configuration without a problem, to break in one place. */
function good(): {
  plugins: unknown[]
  providers: Record<string, unknown>
  models: Record<string, unknown>
  groups: Record<string, unknown>
  [option: string]: unknown
} {
  return {
    plugins: [chat],
    providers: { openai: provider(), anthropic: provider() },
    models: { 'gpt-5.5': { to: 'openai/gpt-5.5', price: 'free' } },
    groups: { standard: { models: ['*'] } },
  }
}

function problemsOf(config: unknown): readonly string[] {
  return resolveConfig(config).problems.map(({ code, path }) => `${code} ${path ?? ''}`)
}

describe('a good config', () => {
  test('has no problem and gets its defaults', () => {
    const blueprint = resolveConfig({ ...good(), server: { port: 0 } })
    expect(blueprint.problems).toEqual([])
    expect(blueprint.config.server).toMatchObject({ host: '127.0.0.1', port: 0, maxBodyBytes: 33_554_432 })
  })

  test('resolves to the same again', () => {
    const once = resolveConfig(good())
    const twice = resolveConfig(once.config)
    expect(twice.problems).toEqual([])
    expect(twice.models).toEqual(once.models)
    expect(twice.config).toEqual(once.config)
  })

  test('lists plugins: flattened, replaced in place, then providers once, stores once, own hooks', () => {
    const shared = provider('shared')
    const store: AnyPlugin = {
      name: 'store',
      provides: { keys: [{ name: 's', find: never, create: never, revoke: never, list: never }] },
    }
    const later = { name: 'a', enforce: 'post' }
    const { plugins, problems } = resolveConfig({
      ...good(),
      plugins: [[{ name: 'a' }, [false, null, undefined, chat]], later],
      providers: { one: shared, two: shared, three: provider('own') },
      models: { m: { to: 'one/m' } },
      store: { keys: store },
      hooks: { log: () => {} },
    })
    expect(problems).toEqual([])
    expect(plugins.map((plugin) => plugin.name)).toEqual([
      'a',
      'protocol-chat',
      'shared',
      'own',
      'store',
      'config',
    ])
    expect(plugins[0]).toBe(later)
  })

  test('names providers by their key and chooses stores by capability', () => {
    const keys = { name: 'memory', find: never, create: never, revoke: never, list: never }
    const kv = { name: 'other', get: never, put: never, delete: never }
    const both: AnyPlugin = { name: 'both', provides: { keys: [keys], kv: [kv] } }
    const one = resolveConfig({ ...good(), store: both })
    expect([...one.slots.provider.keys()]).toEqual(['openai', 'anthropic'])
    expect(one.stores).toEqual({ keys, kv })
    const picked = resolveConfig({ ...good(), store: { keys: both } })
    expect(picked.stores).toEqual({ keys })
    expect([...picked.slots.kv.keys()]).toEqual([])
  })

  test('splits a target at its first slash and gives places', () => {
    const to = [
      { to: 'openai/org/model', weight: 3 },
      { to: 'anthropic/b', weight: 1 },
      'openai/c',
      { to: 'openai/d', priority: -1, explicit: true },
    ]
    const targets = resolveConfig({ ...good(), models: { m: { to } } }).models.get('m')?.targets
    expect(targets).toEqual([
      { provider: 'openai', model: 'org/model', weight: 3, priority: 0, explicit: false },
      { provider: 'anthropic', model: 'b', weight: 1, priority: 0, explicit: false },
      { provider: 'openai', model: 'c', weight: 1, priority: 2, explicit: false },
      { provider: 'openai', model: 'd', weight: 1, priority: -1, explicit: true },
    ])
  })
})

describe('names that mean something to JavaScript', () => {
  test('are data', () => {
    const models = JSON.parse(
      '{"__proto__": {"to": "openai/x"}, "constructor": {"to": "openai/y"}}',
    ) as object
    const blueprint = resolveConfig({ ...good(), models, groups: { standard: { models: ['*'] } } })
    expect(blueprint.problems).toEqual([])
    expect([...blueprint.models.keys()]).toEqual(['__proto__', 'constructor'])
    expect(resolveConfig(good()).config.groups['constructor']).toBeUndefined()
    expect(Object.getPrototypeOf(resolveConfig(good()).config.models)).toBeNull()
  })

  test('a planted prototype is refused', () => {
    const models = { __proto__: { 'gpt-5.5': { to: 'openai/x' } } }
    expect(problemsOf({ ...good(), models })).toContain('WRONG_TYPE models')
  })
})

describe('mistakes', () => {
  test('five wrong names are five errors, each with the nearest right one', () => {
    const { problems } = resolveConfig({
      ...good(),
      models: { 'gpt-5.5': { to: ['opneai/gpt-5.5', 'openai/mini'] }, claude: { to: 'antropic/claude' } },
      groups: { standard: { models: ['gpt5.5', 'claude', 'gpt-*'], to: ['openai', 'anthropik'] } },
      defaultModel: 'claud',
      defaultGroup: 'standart',
    })
    expect(problems.filter((one) => one.severity === 'error')).toMatchObject([
      { code: 'UNKNOWN_PROVIDER', path: 'models.gpt-5.5.to[0]', fix: 'Did you mean "openai"?' },
      { code: 'UNKNOWN_PROVIDER', path: 'models.claude.to', fix: 'Did you mean "anthropic"?' },
      { code: 'UNKNOWN_PROVIDER', path: 'groups.standard.to[1]', fix: 'Did you mean "anthropic"?' },
      { code: 'UNKNOWN_MODEL', path: 'groups.standard.models[0]', fix: 'Did you mean "gpt-5.5"?' },
      { code: 'UNKNOWN_MODEL', path: 'defaultModel', fix: 'Did you mean "claude"?' },
      { code: 'UNKNOWN_GROUP', path: 'defaultGroup', fix: 'Did you mean "standard"?' },
    ])
  })

  const oneSlip: readonly [string, object, string][] = [
    ['no object', { models: [] }, 'WRONG_TYPE models'],
    ['groups missing', { groups: undefined }, 'WRONG_TYPE groups'],
    ['port is a text', { server: { port: '8787' } }, 'WRONG_TYPE server.port'],
    ['port too large', { server: { port: 65_536 } }, 'WRONG_TYPE server.port'],
    [
      'proxy that is no address',
      { server: { trustedProxies: ['proxy.local'] } },
      'WRONG_TYPE server.trustedProxies',
    ],
    [
      'proxies of a network that is none',
      { server: { trustedProxies: ['10.0.0.0/33'] } },
      'WRONG_TYPE server.trustedProxies',
    ],
    [
      'origin with a path',
      { server: { cors: { origins: ['https://app.test/'] } } },
      'WRONG_TYPE server.cors',
    ],
    [
      'origin with its default port',
      { server: { cors: { origins: ['https://app.test:443'] } } },
      'WRONG_TYPE server.cors',
    ],
    ['origin in capitals', { server: { cors: { origins: ['https://App.test'] } } }, 'WRONG_TYPE server.cors'],
    ['origin without a scheme', { server: { cors: { origins: ['app.test'] } } }, 'WRONG_TYPE server.cors'],
    ['open to the network without keys', { server: { host: '0.0.0.0' } }, 'NO_AUTH server.host'],
    [
      'limits nobody enforces',
      { groups: { g: { models: ['*'], limits: { concurrency: 1 } } } },
      'LIMITS_NOT_ENFORCED groups.g.limits',
    ],
    ['misspelt option', { sevrer: {} }, 'UNKNOWN_OPTION sevrer'],
    ['target without slash', { models: { m: { to: 'openai' } } }, 'MALFORMED_TARGET models.m.to'],
    ['target without model', { models: { m: { to: 'openai/' } } }, 'MALFORMED_TARGET models.m.to'],
    ['no target', { models: { m: { to: [] } } }, 'WRONG_TYPE models.m.to'],
    [
      'negative weight',
      { models: { m: { to: [{ to: 'openai/m', weight: -1 }] } } },
      'WRONG_TYPE models.m.to[0].weight',
    ],
    [
      'same target twice',
      { models: { m: { to: ['openai/m', 'openai/m'] } } },
      'DUPLICATE_TARGET models.m.to[1]',
    ],
    [
      'protocol nobody speaks',
      { models: { m: { to: [{ to: 'openai/m', protocol: 'chta' }] } } },
      'UNKNOWN_PROTOCOL models.m.to',
    ],
    [
      'pattern without model',
      { groups: { g: { models: ['*', 'gtp-*'] } } },
      'PATTERN_MATCHES_NOTHING groups.g.models[1]',
    ],
    ['model in no group', { groups: { g: { models: [] } } }, 'UNREACHABLE_MODEL models.gpt-5.5'],
    [
      'group that excludes it',
      { groups: { g: { models: ['*'], to: ['anthropic'] } } },
      'UNREACHABLE_MODEL models.gpt-5.5',
    ],
    ['plugin not called', { plugins: [chat, () => chat] }, 'PLUGIN_NOT_CALLED plugins[1]'],
    ['plugin without name', { plugins: [chat, [{}]] }, 'PLUGIN_WITHOUT_NAME plugins[1][0]'],
    ['plugin not awaited', { plugins: [chat, Promise.resolve(chat)] }, 'PLUGIN_IS_PROMISE plugins[1]'],
    ['provider among plugins', { plugins: [chat, provider()] }, 'MISPLACED_PROVIDER plugins.provider-fake'],
    ['plugin among providers', { providers: { openai: chat } }, 'NOT_A_PROVIDER providers.openai'],
    [
      'slash in a provider name',
      { providers: { ...good().providers, 'a/b': provider() } },
      'INVALID_PROVIDER_NAME providers.a/b',
    ],
    [
      'provider speaks a foreign protocol',
      { providers: { openai: provider('p', ['messages']) } },
      'NO_PROTOCOL_CLIENT providers.openai',
    ],
    ['store without keys', { store: { name: 'empty' } }, 'STORE_LACKS_CAPABILITY store'],
    [
      'store without what it is chosen for',
      { store: { ledger: { name: 'empty' } } },
      'STORE_LACKS_CAPABILITY store.ledger',
    ],
    ['unknown capability', { store: { key: { name: 'empty' } } }, 'UNKNOWN_CAPABILITY store.key'],
    [
      'unknown hook',
      { plugins: [chat, { name: 'x', hooks: { rout: () => {} } }] },
      'UNKNOWN_HOOK plugins.x.hooks.rout',
    ],
    ['hook without handler', { hooks: { log: { order: 'pre' } } }, 'WRONG_TYPE plugins.config.hooks.log'],
    ['unknown slot', { plugins: [chat, { name: 'x', provides: { prices: [] } }] }, 'UNKNOWN_SLOT x.provides'],
    ['another contract', { plugins: [chat, { name: 'x', contract: 2 }] }, 'WRONG_CONTRACT plugins.x'],
    [
      'protocol of another contract',
      { plugins: [chat, { name: 'x', provides: { protocol: [{ name: 'x', contract: 2 }] } }] },
      'WRONG_CONTRACT plugins.x',
    ],
    [
      'name taken in a slot',
      { plugins: [chat, { ...chat, name: 'x', provides: { protocol: [{ name: 'chat', contract: 1 }] } }] },
      'DUPLICATE_SLOT_NAME x.provides.protocol',
    ],
    [
      'check that throws',
      {
        plugins: [
          chat,
          {
            name: 'x',
            check: () => {
              throw new Error('no')
            },
          },
        ],
      },
      'CHECK_FAILED plugins.x',
    ],
  ]
  test.each(oneSlip)('%s', (_, change, expected) => {
    expect(problemsOf({ ...good(), ...change })).toEqual([expected])
  })

  test('what looks like an object and is none is called by its name', () => {
    const messageOf = (models: unknown): string | undefined =>
      resolveConfig({ ...good(), models }).problems.find(({ path }) => path === 'models')?.message
    expect(messageOf(new Map())).toBe('has to be an object, not an object of a class.')
    expect(messageOf(Promise.resolve({}))).toBe('has to be an object, not a promise.')
    expect(messageOf([])).toBe('has to be an object, not a list.')
  })

  test('addresses, networks and origins as they are written', () => {
    const server = {
      trustedProxies: ['loopback', '10.0.0.0/8', '::1', 'fd00::/8', '192.0.2.1'],
      cors: { origins: ['*', 'null', 'https://app.test', 'http://localhost:3000', 'app://obsidian.md'] },
    }
    expect(problemsOf({ ...good(), server })).toEqual([])
  })

  test('an open host is fine with auth of a plugin or of the config, and on loopback', () => {
    const auth = (): void => {}
    for (const change of [
      { server: { host: '0.0.0.0' }, plugins: [chat, { name: 'x', hooks: { auth } }] },
      { server: { host: '::' }, hooks: { auth } },
      ...['127.0.0.1', '127.0.0.2', '::1', 'localhost'].map((host) => ({ server: { host } })),
    ]) {
      expect(problemsOf({ ...good(), ...change })).toEqual([])
    }
  })

  test('limits are believed where a limit plugin is installed', () => {
    const groups = { g: { models: ['*'], limits: { concurrency: 1 } } }
    expect(problemsOf({ ...good(), groups, plugins: [chat, { name: 'limit-rate' }] })).toEqual([])
  })

  test('a model without a price matters only where a bill plugin is installed', () => {
    const models = { m: { to: 'openai/m' } }
    const bill = { name: 'bill', hooks: { 'bill.reserve': () => {} } }
    expect(problemsOf({ ...good(), models })).toEqual([])
    expect(problemsOf({ ...good(), models, plugins: [chat, bill] })).toEqual([
      'UNPRICED_MODEL models.m.price',
    ])
  })

  test('a provider with wrong options names its place, and only its own mistake', () => {
    const openai = defineProvider<{ apiKey: string }>({ name: 'provider-fake', create: () => provider() })
    const broken = openai({ apiKey: env('GANTRY_TEST_NOT_SET') as never })
    expect(problemsOf({ ...good(), providers: { openai: broken } })).toEqual([
      'MISSING_ENVIRONMENT_VARIABLE providers.openai.apiKey',
    ])
  })

  test('secrets of options reach the blueprint', () => {
    const openai = defineProvider<{ apiKey: string }>({ name: 'provider-fake', create: () => provider() })
    const config = {
      ...good(),
      providers: { openai: openai({ apiKey: env('GANTRY_TEST_NOT_SET', 'shh') as never }) },
    }
    expect(resolveConfig(config)).toMatchObject({ problems: [], secrets: ['shh'] })
  })

  test('a plugin reports its own problems', () => {
    const own = { code: 'OWN', severity: 'warning', path: 'models.gpt-5.5', message: 'hm' }
    const plugin = {
      name: 'x',
      check: ({ models }: { models: object }) => ('gpt-5.5' in models ? [own] : []),
    }
    expect(resolveConfig({ ...good(), plugins: [chat, plugin] }).problems).toEqual([own])
  })
})

describe('anything at all', () => {
  test('never throws', () => {
    const junk = fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true })
    const table = fc.dictionary(fc.string(), junk)
    const part = fc.oneof(
      junk,
      table,
      fc.dictionary(fc.string(), fc.record({ to: junk, models: junk, price: junk })),
    )
    const config = fc.oneof(
      junk,
      fc.record({
        providers: part,
        models: part,
        groups: part,
        plugins: junk,
        store: part,
        server: table,
        hooks: part,
      }),
    )
    fc.assert(
      fc.property(config, (value) => {
        const { problems } = resolveConfig(value)
        expect(problems.every((one) => one.code !== '' && one.message !== '')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('a getter that throws is a problem', () => {
    const config = {
      get models(): never {
        throw new Error('boom')
      },
    }
    expect(problemsOf(config)).toEqual(['UNREADABLE_CONFIG '])
  })
})

function never(): never {
  throw new Error('not called')
}

/** The fake protocol above has to stay a protocol. */
export const proof: readonly Protocol[] | undefined = chat.provides?.protocol
