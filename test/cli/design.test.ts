import { describe, expect, it } from 'vitest'
import { gantry, project, startGantry } from './harness.ts'

// The config of the design, word for word; the type test in packages/gantry holds the same.
const text = `import { defineGateway, env } from 'gantry'
import { standard } from 'gantry/presets'         // protocols, keys, failover, prices, ledger, logs
import anthropic from '@gantry/provider-anthropic'
import openai from '@gantry/provider-openai'
import { deepseek } from '@gantry/provider-openai-compatible'
import sqlite from '@gantry/store-sqlite'

export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()],                          // a plugin of the same name after it replaces its part
  store: sqlite('./data/gateway.db'),             // or { keys: …, counters: redis(…) }
  providers: {                                    // the key is the name: two OpenAI accounts are easy
    openai: openai({ apiKey: env('OPENAI_API_KEY') }),
    anthropic: anthropic({ apiKey: [env('ANTHROPIC_KEY_1'), env('ANTHROPIC_KEY_2')] }),
    deepseek: deepseek({ apiKey: env('DEEPSEEK_API_KEY') }),
  },
  models: {
    'gpt-5.5': { to: 'openai/gpt-5.5', price: { input: '1.25', cacheRead: '0.125', output: '10' } },  // per million tokens
    'claude-sonnet-4-6': { to: 'anthropic/claude-sonnet-4-6', price: 'list' },
    'deepseek-chat': { to: ['deepseek/deepseek-chat', 'openai/gpt-5.4-mini'], price: 'list' },
  },
  defaultModel: 'deepseek-chat',
  groups: {                                       // access, route and price in one place; plugins read their part
    standard: { models: ['deepseek-*', 'gpt-5.5'], ratio: 1, limits: { requestsPerMinute: 60 } },
    vip: { models: ['*'], ratio: '0.8', to: ['openai', 'anthropic', 'deepseek'] },
  },
  defaultGroup: 'standard',
})
`

const env = {
  OPENAI_API_KEY: 'sk-1',
  ANTHROPIC_KEY_1: 'sk-2',
  ANTHROPIC_KEY_2: 'sk-3',
  DEEPSEEK_API_KEY: 'sk-4',
}

describe('the config of the design', () => {
  it('boots, and answers a key with the models of its group', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const live = startGantry(['start', '--port', '0'], { cwd, env })
    const [, url = ''] = await live.waitFor(/listens on (http:\S+)/)
    const made = await gantry(['keys', 'create', '--account', 'acme', '--json'], { cwd, env })
    const { secret } = JSON.parse(made.stdout) as { secret: string }
    const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })
    const { data } = (await response.json()) as { data: { id: string }[] }
    expect(data.map((model) => model.id).toSorted()).toEqual(['deepseek-chat', 'gpt-5.5'])
    expect((await live.stop()).code).toBe(0)
  })

  it('passes the check', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const { code, stdout } = await gantry(['check'], { cwd, env })
    expect({ code, stdout }).toMatchObject({ code: 0 })
    expect(stdout).toMatch(
      /^ {2}gpt-5\.5 +openai-chat +openai\/gpt-5\.5 +relays bytes +everything +standard, vip$/m,
    )
    expect(stdout).toMatch(
      /^ {2}claude-sonnet-4-6 +openai-chat +anthropic\/claude-sonnet-4-6 +converted +\d+ of \d+ features, \d+ nearly +vip$/m,
    )
  })

  it('names each variable that is missing, with the option that wants it', async () => {
    const cwd = project({ 'gateway.config.ts': text })
    const { code, stderr } = await gantry(['start'], { cwd })
    expect(code).toBe(1)
    for (const name of Object.keys(env)) expect(stderr).toContain(name)
    expect(stderr).toContain('providers.openai.apiKey')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('gives five readable errors for five wrong names', async () => {
    const wrong = text
      .replace("'openai/gpt-5.5'", "'opnai/gpt-5.5'")
      .replace("'deepseek/deepseek-chat'", "'deepsek/deepseek-chat'")
      .replace("defaultModel: 'deepseek-chat'", "defaultModel: 'deepseek-chatt'")
      .replace("'openai', 'anthropic', 'deepseek']", "'openai', 'antropic', 'deepseek']")
      .replace("defaultGroup: 'standard'", "defaultGroup: 'standrad'")
    const { code, stdout } = await gantry(['check'], { cwd: project({ 'gateway.config.ts': wrong }), env })
    expect(code).toBe(1)
    const errors = stdout.split('\n').filter((line) => line.includes('error: '))
    expect(errors).toHaveLength(5)
    for (const near of ['openai', 'deepseek', 'deepseek-chat', 'anthropic', 'standard']) {
      expect(errors.filter((line) => line.includes(`Did you mean "${near}"?`)).length).toBeGreaterThan(0)
    }
  })
})
