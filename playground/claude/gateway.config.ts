import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'

/** Chat clients reach an upstream that speaks the messages wire: requests, answers and streams are converted. */
export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()],
  store: memory(),
  providers: {
    sim: simulator({ speaks: 'anthropic-messages' }),
  },
  models: {
    'claude-sim': {
      to: 'sim/claude-sim',
      price: { input: '3', cacheRead: '0.3', cacheWrite: '3.75', output: '15' },
      maxOutputTokens: 8192,
    },
  },
  defaultModel: 'claude-sim',
  groups: {
    standard: { models: ['*'], ratio: 1 },
    vip: { models: ['*'], ratio: '0.8' },
  },
  defaultGroup: 'standard',
})
