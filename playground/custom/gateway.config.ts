import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'
import { fee } from './fee.ts'

/** The rule stands before the standard ones, so that the ratio of the group comes last. */
export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [fee, standard()],
  store: memory(),
  providers: {
    sim: simulator(),
  },
  models: {
    small: { to: 'sim/small', price: { input: '0.15', output: '0.6' } },
  },
  defaultModel: 'small',
  groups: {
    standard: { models: ['*'], ratio: 1 },
    vip: { models: ['*'], ratio: '0.5' },
  },
  defaultGroup: 'standard',
})
