import { bootNotes, checkConfig } from '@gantry/core'
import memory from '@gantry/store-memory'
import { describe, expect, it } from 'vitest'
import { standard } from './presets.ts'

const names = (...given: Parameters<typeof standard>): readonly string[] =>
  standard(...given).map((one) => one.name)

describe('standard', () => {
  it('lists protocols, keys, failover, token counts, prices, ledger and logs', () => {
    expect(names()).toEqual([
      'protocol-openai-chat',
      'protocol-anthropic-messages',
      'protocol-openai-responses',
      'auth-keys',
      'route-failover',
      'tokens-local',
      'pricing-tokens',
      'pricing-ratio',
      'bill-ledger',
      'log-pino',
    ])
  })

  it('leaves parts out', () => {
    const none = { responses: false, auth: false, route: false, tokens: false } as const
    expect(names({ ...none, pricing: false, bill: false, log: false })).toEqual([
      'protocol-openai-chat',
      'protocol-anthropic-messages',
    ])
  })

  it('gives each part its own options, which are checked under its name', () => {
    const [auth] = standard({ auth: { prefix: '1 bad' } }).filter((one) => one.name === 'auth-keys')
    expect(bootNotes(auth ?? {}).problems.map((problem) => problem.path)).toEqual(['auth-keys.prefix'])
  })

  it('lets a plugin of the same name after it take the place of its part', () => {
    const mine = { name: 'auth-keys' }
    const config = {
      plugins: [standard(), mine],
      store: memory(),
      providers: {},
      models: {},
      groups: {},
    }
    const { plugins } = checkConfig(config)
    expect(plugins.filter((one) => one.name === 'auth-keys')).toEqual([mine])
    expect(plugins.indexOf(mine)).toBe(names().indexOf('auth-keys'))
  })
})
