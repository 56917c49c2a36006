import { join } from 'node:path'
import anthropic from '@gantry/provider-anthropic'
import openai from '@gantry/provider-openai'
import openaiCompatible from '@gantry/provider-openai-compatible'
import sqlite from '@gantry/store-sqlite'
import { defineGateway, type GatewayConfig } from 'gantry'
import { standard } from 'gantry/presets'

const directory: string = process.env['GANTRY_TEST_DIRECTORY'] ?? '.'
const upstream: { readonly baseUrl: string; readonly apiKey: string } = {
  baseUrl: process.env['GANTRY_TEST_UPSTREAM'] ?? 'http://127.0.0.1:9/v1',
  apiKey: 'the-upstream-key',
}
const to: readonly ['chat/gpt-5.5', 'responses/gpt-5.5', 'messages/claude-opus-5-5'] = [
  'chat/gpt-5.5',
  'responses/gpt-5.5',
  // A model with rules of its own for thinking and for tools.
  'messages/claude-opus-5-5',
]
const price: { readonly input: string; readonly output: string } = { input: '1', output: '5' }

/** The gateway that agents work through: the models they ask for, and a group for each kind of upstream. */
const config: GatewayConfig<string, string, string> = defineGateway({
  server: { controlSocket: join(directory, 'control.sock') },
  plugins: [standard()],
  store: sqlite(join(directory, 'gateway.db')),
  providers: {
    chat: openaiCompatible(upstream),
    responses: openai(upstream),
    messages: anthropic(upstream),
  },
  models: {
    'gpt-5.5': { to, price, maxOutputTokens: 32_000 },
    'claude-opus-5-5': { to, price, maxOutputTokens: 128_000 },
  },
  groups: {
    chat: { models: ['*'], ratio: 1, to: ['chat'] },
    responses: { models: ['*'], ratio: 1, to: ['responses'] },
    messages: { models: ['*'], ratio: 1, to: ['messages'] },
  },
  defaultGroup: 'chat',
})

export default config
