import { join } from 'node:path'
import simulator from '@gantry/provider-simulator'
import sqlite from '@gantry/store-sqlite'
import { defineGateway, type GatewayConfig } from 'gantry'
import { standard } from 'gantry/presets'

const directory: string = process.env['GANTRY_TEST_DIRECTORY'] ?? '.'

/** One upstream of each wire, under the names of models that client libraries know. */
const config: GatewayConfig<string, string, string> = defineGateway({
  server: { controlSocket: join(directory, 'control.sock') },
  plugins: [standard()],
  store: sqlite(join(directory, 'gateway.db')),
  providers: {
    chat: simulator({ speaks: 'openai-chat' }),
    responses: simulator({ speaks: 'openai-responses' }),
    claude: simulator({ speaks: 'anthropic-messages' }),
  },
  models: {
    'sim-chat': { to: 'chat/sim-chat', price: 'free' },
    'sim-responses': { to: 'responses/sim-responses', price: 'free' },
    'claude-sonnet-4-5': { to: 'claude/claude-sonnet-4-5', price: 'free' },
  },
  groups: { standard: { models: ['*'] } },
  defaultGroup: 'standard',
})

export default config
