import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'

/** One made-up upstream that speaks the same wire as the clients, and two groups that pay differently for it. */
export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()],
  store: memory(),
  providers: {
    sim: simulator({ speaks: 'openai-chat' }),
  },
  models: {
    small: { to: 'sim/small', price: { input: '0.15', cacheRead: '0.075', output: '0.6' } },
    large: { to: 'sim/large', price: { input: '2.5', cacheRead: '1.25', output: '10' } },
  },
  defaultModel: 'small',
  groups: {
    standard: { models: ['*'], ratio: 1 },
    vip: { models: ['*'], ratio: '0.8' },
  },
  defaultGroup: 'standard',
})
