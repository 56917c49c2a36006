import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { app, ask, installation, strictTsconfig } from '../packages/app.ts'
import { costOf, paidKey } from '../packages/bill.ts'
import { publishedPackages } from '../packages/pack.ts'

const root: string = join(import.meta.dirname, '../..')
const question = { messages: [{ role: 'user', content: 'count 7' }] }

/** A pricing rule: a fee for each call, after the tokens and before the group's ratio. */
const fee = `
import { definePlugin, type Plugin } from 'gantry'

export const fee = definePlugin<{ readonly pico: bigint }, { readonly pico: bigint }, { pricing: 'fee' }>({
  name: 'pricing-fee',
  create: ({ pico }): Plugin<{ pricing: 'fee' }> => ({
    name: 'pricing-fee',
    provides: {
      pricing: [
        {
          name: 'fee',
          apply: (lines) => [
            ...lines,
            { rule: 'fee', item: 'call', quantity: 1n, unitPrice: pico, ratios: [], asset: 'usd' },
          ],
        },
      ],
    },
  }),
})
`

/** A provider: answers by itself, and says that most of the prompt was read from a cache. */
const parrot = `
import { defineProvider, type ProviderPlugin } from 'gantry'

export const parrot = defineProvider<{ readonly word: string }>({
  name: 'provider-parrot',
  create: ({ word }): ProviderPlugin => ({
    name: 'provider-parrot',
    provider: (name) => ({
      name,
      cancelStopsBilling: true,
      generate(request, emit) {
        emit({ type: 'start', model: request.model })
        emit({ type: 'part-start', index: 0, part: { type: 'text', text: '' } })
        emit({ type: 'part-delta', index: 0, delta: { type: 'text', text: word } })
        emit({ type: 'part-end', index: 0 })
        emit({ type: 'finish', finish: { reason: 'stop' } })
        const tokens = { input: 20, cache_read: 1000, output: 3 }
        emit({ type: 'usage', usage: { tokens, source: 'upstream', final: true } })
        emit({ type: 'end' })
      },
    }),
  }),
})
`

const config = `
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'
import { fee } from './fee.ts'
import { parrot } from './parrot.ts'

export default defineGateway({
  plugins: [fee({ pico: 2_000_000_000n }), standard({ log: false })],
  store: memory(),
  providers: { bird: parrot({ word: 'Lora' }) },
  models: { bird: { to: 'bird/grey', price: { input: '1', cacheRead: '0.1', output: '5' } } },
  defaultModel: 'bird',
  groups: { standard: { models: ['*'], ratio: 1 }, vip: { models: ['*'], ratio: '0.5' } },
  defaultGroup: 'standard',
})
`

describe('E3 separately published plugins, from their tarballs and outside the workspace', () => {
  it('installs nothing of the workspace', () => {
    const { folder, seconds } = installation()
    expect(folder.startsWith(root)).toBe(false)
    console.log(`packed and installed in ${seconds.toFixed(1)} s`)
  })

  it("typechecks and serves the playground's config with the published gantry, and bills it", async () => {
    const text = readFileSync(join(root, 'playground/basic/gateway.config.ts'), 'utf8')
    const user = app({ 'gateway.config.ts': text, 'tsconfig.json': strictTsconfig })
    expect(await user.run('tsc', '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' })
    const gateway = user.start('gantry', 'start', '--port', '0')
    const [, url = ''] = await gateway.waitFor(/listens on (http:\S+)/)
    const key = await paidKey(user, 'me', 'vip')

    let usage = { prompt_tokens: 0, completion_tokens: 0 }
    const cost = await costOf(user, 'me', async () => {
      const { status, text } = await ask(`${url}/v1`, key, { model: 'small', ...question })
      expect(status).toBe(200)
      ;({ usage } = JSON.parse(text) as { usage: typeof usage })
    })
    expect(usage.completion_tokens).toBe(7)
    // Pico: 0.15 and 0.6 a million, times 0.8; rounded up to nano, once.
    const pico = (BigInt(usage.prompt_tokens) * 150_000n + 7n * 600_000n) * 8n
    expect(cost).toBe((pico + 9_999n) / 10_000n)
    expect((await gateway.stop()).code).toBe(0)
  })

  it('runs a new pricing rule and a new provider that are written there, and both are in the bill', async () => {
    const files = { 'fee.ts': fee, 'parrot.ts': parrot, 'tsconfig.json': strictTsconfig }
    const user = app({ 'gateway.config.ts': config, ...files })
    expect(await user.run('tsc', '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' })
    const gateway = user.start('gantry', 'start', '--port', '0')
    const [, url = ''] = await gateway.waitFor(/listens on (http:\S+)/)

    const spent: bigint[] = []
    for (const group of ['standard', 'vip']) {
      const key = await paidKey(user, `payer-${group}`, group)
      spent.push(
        await costOf(user, `payer-${group}`, async () => {
          const { status, text } = await ask(`${url}/v1`, key, question)
          expect([status, text]).toEqual([200, expect.stringContaining('Lora')])
        }),
      )
    }
    // Nano, by hand: tokens (20 × 1 + 1,000 × 0.1 + 3 × 5 per million) = 135,000, and a fee of 2,000,000.
    expect(spent).toEqual([2_135_000n, 1_067_500n])
    expect((await gateway.stop()).code).toBe(0)
  })

  it('serves every plugin of ours in one config', async () => {
    const user = app({ 'gateway.config.ts': everything, 'tsconfig.json': strictTsconfig })
    expect(await user.run('tsc', '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' })
    const { code, stdout, stderr } = await user.run('gantry', 'check', '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, problems: [] })
    for (const { name } of plugins()) expect(everything).toContain(`'${name}'`)
  })
})

/** Names every plugin package as its user would, without the preset. */
const everything = `
import authKeys from '@gantry/auth-keys'
import billLedger from '@gantry/bill-ledger'
import logPino from '@gantry/log-pino'
import pricingNewApi from '@gantry/pricing-new-api'
import pricingPerCall from '@gantry/pricing-per-call'
import pricingRatio from '@gantry/pricing-ratio'
import pricingSchedule from '@gantry/pricing-schedule'
import pricingTokens from '@gantry/pricing-tokens'
import anthropicMessages from '@gantry/protocol-anthropic-messages'
import openaiChat from '@gantry/protocol-openai-chat'
import openaiResponses from '@gantry/protocol-openai-responses'
import anthropic from '@gantry/provider-anthropic'
import openai from '@gantry/provider-openai'
import { local } from '@gantry/provider-openai-compatible'
import simulator from '@gantry/provider-simulator'
import routeFailover from '@gantry/route-failover'
import memory from '@gantry/store-memory'
import sqlite from '@gantry/store-sqlite'
import tokensLocal from '@gantry/tokens-local'
import { defineGateway } from 'gantry'

const data = sqlite('./gateway.db')

export default defineGateway({
  plugins: [
    openaiChat(),
    anthropicMessages(),
    openaiResponses({ store: { days: 7 } }),
    tokensLocal(),
    authKeys({ pepper: 'a pepper for this test' }),
    routeFailover(),
    pricingPerCall({ prices: [{ models: ['two'], call: '0.01' }] }),
    pricingNewApi({ ratios: { model_ratio: { three: 1 } } }),
    pricingTokens(),
    pricingSchedule({ timeZone: 'Europe/Oslo', windows: [{ from: '22:00', to: '06:00', ratio: '0.5' }] }),
    pricingRatio(),
    billLedger(),
    logPino(),
  ],
  store: { keys: data, ledger: data, usage: data, kv: memory() },
  providers: {
    anthropic: anthropic({ apiKey: 'none' }),
    openai: openai({ apiKey: 'none' }),
    local: local(),
    sim: simulator(),
  },
  models: {
    one: { to: ['sim/one', 'openai/one', 'local/one'], price: { input: '1', output: '2' } },
    two: { to: 'anthropic/two', price: 'free' },
  },
  groups: { all: { models: ['*'] } },
  defaultGroup: 'all',
})
`

function plugins(): readonly { readonly name: string }[] {
  return publishedPackages().filter(({ folder }) => folder.includes('/plugins/'))
}
