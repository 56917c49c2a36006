import anthropic from '@gantry/provider-anthropic'
import openai from '@gantry/provider-openai'
import { deepseek } from '@gantry/provider-openai-compatible'
import sqlite from '@gantry/store-sqlite'
import { describe, expectTypeOf, it } from 'vitest'
import { defineGateway, definePlugin, env, type GatewayConfig } from './index.ts'
import { standard } from './presets.ts'

// The config of the design, word for word.
const config = defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()], // a plugin of the same name after it replaces its part
  store: sqlite('./data/gateway.db'), // or { keys: …, counters: redis(…) }
  providers: {
    // the key is the name: two OpenAI accounts are easy
    openai: openai({ apiKey: env('OPENAI_API_KEY') }),
    anthropic: anthropic({ apiKey: [env('ANTHROPIC_KEY_1'), env('ANTHROPIC_KEY_2')] }),
    deepseek: deepseek({ apiKey: env('DEEPSEEK_API_KEY') }),
  },
  models: {
    'gpt-5.5': { to: 'openai/gpt-5.5', price: { input: '1.25', cacheRead: '0.125', output: '10' } }, // per million tokens
    'claude-sonnet-4-6': { to: 'anthropic/claude-sonnet-4-6', price: 'list' },
    'deepseek-chat': { to: ['deepseek/deepseek-chat', 'openai/gpt-5.4-mini'], price: 'list' },
  },
  defaultModel: 'deepseek-chat',
  groups: {
    // access, route and price in one place; plugins read their part
    standard: { models: ['deepseek-*', 'gpt-5.5'], ratio: 1, limits: { requestsPerMinute: 60 } },
    vip: { models: ['*'], ratio: '0.8', to: ['openai', 'anthropic', 'deepseek'] },
  },
  defaultGroup: 'standard',
})

describe('the config of the design', () => {
  it('infers its names', () => {
    expectTypeOf(config).toEqualTypeOf<
      GatewayConfig<
        'openai' | 'anthropic' | 'deepseek',
        'gpt-5.5' | 'claude-sonnet-4-6' | 'deepseek-chat',
        'standard' | 'vip'
      >
    >()
  })

  it('is red for each of five wrong names', () => {
    const wrong = defineGateway({
      providers: { openai: openai({ apiKey: env('OPENAI_API_KEY') }) },
      models: {
        // @ts-expect-error a target names a provider that is not there
        wrong: { to: 'opnai/gpt-5.5' },
        // @ts-expect-error one target of a list names a provider that is not there
        list: { to: ['openai/gpt-5.5', 'anthropic/claude-sonnet-4-6'] },
      },
      // @ts-expect-error the default model is not there
      defaultModel: 'gpt-5',
      groups: {
        // @ts-expect-error a group names a provider that is not there
        standard: { models: ['*'], to: ['deepseek'] },
      },
      // @ts-expect-error the default group is not there
      defaultGroup: 'standart',
    })
    expectTypeOf(wrong).toBeObject()
  })

  it('is red for a store that lacks what it should serve, and takes one that has it', () => {
    const onlyUsage = definePlugin<void, void, { usage: 'mine' }>({
      name: 'store-usage',
      create: () => ({
        name: 'store-usage',
        provides: { usage: [{ name: 'mine', write: () => {}, query: () => ({ items: [] }), sum: () => [] }] },
      }),
    })
    const rest = { providers: {}, models: {}, groups: {} }
    defineGateway({ ...rest, store: { usage: onlyUsage(), keys: sqlite('./a.db') } })
    // @ts-expect-error it has no keys
    const keyless = defineGateway({ ...rest, store: onlyUsage() })
    expectTypeOf(keyless).toBeObject()
    // @ts-expect-error it has no ledger
    defineGateway({ ...rest, store: { ledger: onlyUsage() } })
  })

  it('is red for wrong options', () => {
    // @ts-expect-error a port is a number
    defineGateway({ server: { port: '8787' }, providers: {}, models: {}, groups: {} })
    const wrong = defineGateway({
      providers: { openai: openai({ apiKey: 'x' }) },
      // @ts-expect-error prices are decimal strings
      models: { one: { to: 'openai/one', price: { input: 1.25 } } },
      groups: {},
    })
    expectTypeOf(wrong).toBeObject()
    // @ts-expect-error parts are named
    standard({ logs: false })
    // @ts-expect-error bill takes its plugin's options or false
    standard({ bill: true })
  })
})
