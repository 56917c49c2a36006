import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'

/** What a key may use and what it pays is decided by its group, in one place. */
export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()],
  store: memory(),
  providers: {
    sim: simulator(),
  },
  models: {
    small: { to: 'sim/small', price: { input: '0.15', cacheRead: '0.075', output: '0.6' } },
    large: { to: 'sim/large', price: { input: '2.5', cacheRead: '1.25', output: '10' } },
    'large-thinking': { to: 'sim/large-thinking', price: { input: '2.5', output: '10', reasoning: '20' } },
  },
  defaultModel: 'small',
  groups: {
    trial: { models: ['small'], ratio: '1.5' },
    team: { models: ['*'], ratio: '0.8' },
  },
  defaultGroup: 'trial',
})
