import { join } from 'node:path'
import simulator from '@gantry/provider-simulator'
import sqlite from '@gantry/store-sqlite'
import { defineGateway, type GatewayConfig } from 'gantry'
import { standard } from 'gantry/presets'

const directory: string = process.env['GANTRY_TEST_DIRECTORY'] ?? '.'

/** The gateway that the mission rows are driven against: an upstream of each of three wires, two groups. */
const config: GatewayConfig<string, string, string> = defineGateway({
  server: {
    cors: { origins: ['https://app.example.com'] },
    controlSocket: join(directory, 'control.sock'),
  },
  plugins: [standard({ responses: { store: true } })],
  store: sqlite(join(directory, 'gateway.db')),
  providers: {
    chat: simulator({ speaks: 'openai-chat' }),
    claude: simulator({ speaks: 'anthropic-messages' }),
    responses: simulator({ speaks: 'openai-responses' }),
    locked: simulator({ speaks: 'openai-chat', apiKey: 'a-dead-key', deadKeys: ['a-dead-key'] }),
  },
  models: {
    'sim-chat': { to: 'chat/sim-chat-2026', price: { input: '1.25', cacheRead: '0.125', output: '10' } },
    'Sim-Claude-4.6': {
      to: 'claude/sim-claude-2026',
      price: { input: '3', cacheRead: '0.3', output: '15' },
      maxOutputTokens: 4096,
    },
    'sim-responses': {
      to: 'responses/sim-responses-2026',
      price: { input: '2', cacheRead: '0.2', output: '8' },
    },
    'sim-locked': { to: 'locked/sim-chat-2026', price: 'free' },
    'sim-unpriced': { to: 'chat/sim-chat-2026' },
    'only-vip': { to: 'chat/sim-chat-2026', price: { input: '1', output: '2' } },
  },
  defaultModel: 'sim-chat',
  groups: {
    standard: { models: ['sim-*', 'Sim-*'], ratio: 1 },
    vip: { models: ['*'], ratio: '0.8' },
  },
  defaultGroup: 'standard',
})

export default config
