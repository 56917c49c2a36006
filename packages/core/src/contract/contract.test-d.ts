import { describe, expectTypeOf, test } from 'vitest'
import { defineGateway, definePlugin } from '../define.ts'
import { defineKey, group } from '../keys.ts'
import type {
  AttemptContext,
  Context,
  EventTransform,
  HttpProvider,
  KeyStore,
  KvStore,
  NamesOf,
  Plugin,
  PluginFactory,
  Pricing,
  ProviderPlugin,
  Schema,
  SettleContext,
  TokenBucket,
  Usage,
} from '../index.ts'

declare const ratio: Plugin<{ pricing: 'ratio' }>
declare const perCall: Plugin<{ pricing: 'per-call' }>
declare const memory: Plugin<{ keys: 'memory'; kv: 'memory' }>
declare const sqlite: Plugin<{ keys: 'sqlite'; kv: 'sqlite'; ledger: 'sqlite' }>
declare const counters: Plugin<{ counters: 'redis' }>
declare const plain: Plugin
declare const openai: ProviderPlugin
declare const when: boolean
declare const rule: Pricing<'ratio'>
declare const keys: KeyStore<'memory'>
declare const kv: KvStore<'memory'>
declare const context: Context

describe('names of plugin lists', () => {
  test('are read through nested lists, false and conditions', () => {
    const list = [
      plain,
      [ratio, false, null],
      [[when && perCall, undefined]],
      when ? memory : sqlite,
    ] as const
    expectTypeOf<NamesOf<typeof list, 'pricing'>>().toEqualTypeOf<'ratio' | 'per-call'>()
    expectTypeOf<NamesOf<typeof list, 'keys'>>().toEqualTypeOf<'memory' | 'sqlite'>()
    expectTypeOf<NamesOf<typeof list, 'counters'>>().toEqualTypeOf<never>()
  })

  test('a list of plugins takes all of that', () => {
    const config = defineGateway({
      plugins: [plain, [ratio, false], when && perCall, null],
      providers: {},
      models: {},
      groups: {},
    })
    expectTypeOf(config.plugins).not.toBeNever()
  })
})

describe('defineGateway', () => {
  const providers = { openai, second: openai }

  test('takes names that exist', () => {
    defineGateway({
      providers,
      models: {
        a: { to: 'openai/x' },
        b: {
          to: ['second/y/z', { to: 'openai/x', weight: 2, explicit: true }],
          price: { input: '1', cacheRead: '0.1' },
        },
      },
      defaultModel: 'b',
      groups: { g: { models: ['*'], to: ['second'], ratio: '0.8' } },
      defaultGroup: 'g',
    })
  })

  test('refuses an unknown provider in a model', () => {
    // @ts-expect-error no provider of that name
    defineGateway({ providers, models: { a: { to: 'opneai/x' } }, groups: {} })
    // @ts-expect-error no provider of that name, in a list
    defineGateway({ providers, models: { a: { to: ['openai/x', 'opneai/x'] } }, groups: {} })
    // @ts-expect-error no provider of that name, in an object
    defineGateway({ providers, models: { a: { to: { to: 'opneai/x', weight: 1 } } }, groups: {} })
    // @ts-expect-error a target needs a slash
    defineGateway({ providers, models: { a: { to: 'openai' } }, groups: {} })
  })

  test('refuses an unknown provider in a group and unknown defaults', () => {
    // @ts-expect-error no provider of that name
    defineGateway({ providers, models: {}, groups: { g: { models: [], to: ['opneai'] } } })
    // @ts-expect-error no model of that name
    defineGateway({ providers, models: { a: { to: 'openai/x' } }, defaultModel: 'b', groups: {} })
    // @ts-expect-error no group of that name
    defineGateway({ providers, models: {}, groups: { g: { models: [] } }, defaultGroup: 'h' })
  })

  test('refuses wrong prices', () => {
    // @ts-expect-error prices are texts
    defineGateway({ providers, models: { a: { to: 'openai/x', price: { input: 1 } } }, groups: {} })
    // @ts-expect-error no such bucket
    defineGateway({ providers, models: { a: { to: 'openai/x', price: { inptu: '1' } } }, groups: {} })
  })

  test('takes stores for what they serve, and no others', () => {
    const rest = { providers, models: {}, groups: {} }
    defineGateway({ ...rest, store: memory })
    defineGateway({ ...rest, store: { keys: memory, ledger: sqlite, counters } })
    // @ts-expect-error memory has no ledger
    defineGateway({ ...rest, store: { ledger: memory } })
    // @ts-expect-error a single store has to serve keys
    defineGateway({ ...rest, store: counters })
  })
})

describe('provides', () => {
  test('holds what was declared', () => {
    const right: Plugin<{ keys: 'memory'; kv: 'memory' }> = {
      name: 'store',
      provides: { keys: [keys], kv: [kv] },
    }
    expectTypeOf(right.provides.keys[0]?.name).toEqualTypeOf<'memory' | undefined>()
  })

  test('refuses another name, a missing slot and an undeclared one', () => {
    // @ts-expect-error the rule is named "ratio"
    const other: Plugin<{ pricing: 'other' }> = { name: 'p', provides: { pricing: [rule] } }
    // @ts-expect-error kv is missing
    const missing: Plugin<{ keys: 'memory'; kv: 'memory' }> = { name: 's', provides: { keys: [keys] } }
    // @ts-expect-error nothing was declared
    const undeclared: Plugin = { name: 'p', provides: { pricing: [rule] } }
    // @ts-expect-error kv was not declared
    const more: Plugin<{ keys: 'memory' }> = { name: 's', provides: { keys: [keys], kv: [kv] } }
    expectTypeOf([other, missing, undeclared, more]).toBeArray()
  })
})

describe('plugin factories', () => {
  interface Options {
    readonly ratio: number
  }
  const required: Schema<Options, Options> = {
    '~standard': { version: 1, vendor: 'x', validate: () => ({ value: { ratio: 1 } }) },
  }
  const optional: Schema<Options | undefined, Options> = {
    '~standard': { version: 1, vendor: 'x', validate: () => ({ value: { ratio: 1 } }) },
  }

  test('ask for options exactly when the schema does', () => {
    const one = definePlugin({ schema: required, create: () => ({ name: 'one' }) })
    const two = definePlugin({ schema: optional, create: () => ({ name: 'two' }) })
    const three = definePlugin({ create: () => ({ name: 'three' }) })
    one({ ratio: 1 })
    two()
    two({ ratio: 1 })
    three()
    // @ts-expect-error options are required
    one()
    // @ts-expect-error wrong type
    two({ ratio: '1' })
    // @ts-expect-error takes none
    three({ ratio: 1 })
  })

  test('carry the names they provide', () => {
    const factory: PluginFactory<void, { pricing: 'ratio' }> = definePlugin({
      create: (): Plugin<{ pricing: 'ratio' }> => ({ name: 'p', provides: { pricing: [rule] } }),
    })
    expectTypeOf<NamesOf<readonly [ReturnType<typeof factory>], 'pricing'>>().toEqualTypeOf<'ratio'>()
  })
})

describe('hooks', () => {
  test('take functions and ordered handlers', () => {
    const plugin: Plugin = {
      name: 'p',
      hooks: {
        auth: async () => new Response(null, { status: 204 }),
        route: {
          order: 'pre',
          filter: { protocol: ['chat', /^mess/], operation: 'generate' },
          handler: () => {},
        },
        'transform.event': () => (event) => (event.type === 'raw' ? null : [event, event]),
        'bill.observe': () => 'stop',
        'route.outcome': () => 'next',
      },
    }
    expectTypeOf(plugin.hooks).not.toBeNever()
  })

  test('refuse what cannot work', () => {
    // @ts-expect-error an event function is synchronous
    const slow: EventTransform = async (event) => event
    const plugins: readonly Plugin[] = [
      // @ts-expect-error so is the factory of one
      { name: 'p', hooks: { 'transform.event': async () => undefined } },
      // @ts-expect-error settling cannot answer
      { name: 'p', hooks: { 'bill.settle': () => new Response() } },
      // @ts-expect-error no such hook
      { name: 'p', hooks: { rout: () => {} } },
      // @ts-expect-error no such answer
      { name: 'p', hooks: { 'route.outcome': () => 'again' } },
      // @ts-expect-error no such operation
      { name: 'p', hooks: { log: { filter: { operation: 'chat' }, handler: () => {} } } },
    ]
    expectTypeOf([slow, plugins]).toBeArray()
  })

  test('see what their moment knows', () => {
    expectTypeOf<AttemptContext['attempt']>().toBeNumber()
    expectTypeOf<SettleContext>().not.toHaveProperty('replace')
    expectTypeOf<Context>().not.toHaveProperty('targets')
  })
})

describe('keys', () => {
  const cost = defineKey<bigint>('cost')

  test('carry their type', () => {
    expectTypeOf(context.get(cost)).toEqualTypeOf<bigint>()
    expectTypeOf(context.peek(group)).toEqualTypeOf<string | undefined>()
    context.set(cost, 1n)
    // @ts-expect-error a bigint is wanted
    context.set(cost, 1)
    // @ts-expect-error a text is wanted
    context.set(group, undefined)
  })
})

describe('the model', () => {
  test('knows its token buckets', () => {
    const usage: Usage = { tokens: { input: 1, cache_write_1h: 2 }, source: 'upstream', final: true }
    expectTypeOf<keyof Usage['tokens']>().toEqualTypeOf<TokenBucket>()
    // @ts-expect-error no such bucket
    const wrong: Usage = { tokens: { prompt: 1 }, source: 'upstream', final: true }
    expectTypeOf([usage, wrong]).toBeArray()
  })

  test('is read-only', () => {
    const usage: Usage = { tokens: {}, source: 'none', final: true }
    // @ts-expect-error values are immutable
    usage.final = false
  })
})

describe('providers', () => {
  test('speak at least one protocol', () => {
    const rest = { name: 'p', cancelStopsBilling: true, endpoint: () => ({ url: '', headers: {} }) } as const
    const one: HttpProvider = { ...rest, speaks: ['chat'] }
    // @ts-expect-error speaks nothing
    const none: HttpProvider = { ...rest, speaks: [] }
    expectTypeOf([one, none]).toBeArray()
  })
})
