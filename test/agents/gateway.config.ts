import { join } from 'node:path'
import simulator from '@gantry/provider-simulator'
import sqlite from '@gantry/store-sqlite'
import { defineGateway, type GatewayConfig } from 'gantry'
import { standard } from 'gantry/presets'

const directory: string = process.env['GANTRY_TEST_DIRECTORY'] ?? '.'
const to: readonly ['chat/sim', 'responses/sim', 'messages/sim'] = [
  'chat/sim',
  'responses/sim',
  'messages/sim',
]
const price: { readonly input: string; readonly output: string } = { input: '1', output: '5' }

/** The gateway that agents work through: the models they ask for, and a group for each kind of upstream. */
const config: GatewayConfig<string, string, string> = defineGateway({
  server: { controlSocket: join(directory, 'control.sock') },
  plugins: [standard()],
  store: sqlite(join(directory, 'gateway.db')),
  providers: {
    chat: simulator({ speaks: 'openai-chat' }),
    responses: simulator({ speaks: 'openai-responses' }),
    messages: simulator({ speaks: 'anthropic-messages' }),
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
