import anthropic from '@gantry/provider-anthropic'
import openai from '@gantry/provider-openai'
import { local } from '@gantry/provider-openai-compatible'
import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway, env, type ModelEntry, type ProviderPlugin } from 'gantry'
import { standard } from 'gantry/presets'

// What there is depends on the environment, so the names are not known to the types here.
const providers: Record<string, ProviderPlugin> = { sim: simulator() }
const models: Record<string, ModelEntry<string>> = {
  simulated: { to: 'sim/small', price: { input: '0.15', output: '0.6' } },
}

const { OPENAI_API_KEY, ANTHROPIC_API_KEY, LOCAL_OPENAI_URL, LOCAL_OPENAI_MODEL } = process.env

if (OPENAI_API_KEY) {
  providers['openai'] = openai({ apiKey: env('OPENAI_API_KEY') })
  models['gpt-5.5'] = {
    to: 'openai/gpt-5.5',
    price: { input: '1.25', cacheRead: '0.125', output: '10' },
  }
}

if (ANTHROPIC_API_KEY) {
  providers['anthropic'] = anthropic({ apiKey: env('ANTHROPIC_API_KEY') })
  models['claude-sonnet-4-6'] = {
    to: 'anthropic/claude-sonnet-4-6',
    price: { input: '3', cacheRead: '0.3', cacheWrite: '3.75', output: '15' },
    maxOutputTokens: 64_000,
  }
}

if (LOCAL_OPENAI_URL) {
  providers['local'] = local({ baseUrl: LOCAL_OPENAI_URL })
  models['local'] = { to: `local/${LOCAL_OPENAI_MODEL || 'default'}`, price: 'free' }
}

export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()],
  store: memory(),
  providers,
  models,
  defaultModel: 'simulated',
  groups: {
    standard: { models: ['*'], ratio: 1 },
  },
  defaultGroup: 'standard',
})
