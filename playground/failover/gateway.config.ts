import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { defineGateway } from 'gantry'
import { standard } from 'gantry/presets'

/** The first target of `steady` always fails; the second one answers. */
export default defineGateway({
  server: { host: '127.0.0.1', port: 8787 },
  plugins: [standard()],
  store: memory(),
  providers: {
    broken: simulator({ always: 'fail 503' }),
    healthy: simulator({ seed: 'healthy' }),
  },
  models: {
    steady: { to: ['broken/small', 'healthy/small'], price: { input: '0.15', output: '0.6' } },
    alone: { to: 'broken/small', price: { input: '0.15', output: '0.6' } },
  },
  defaultModel: 'steady',
  groups: {
    standard: { models: ['*'], ratio: 1 },
  },
  defaultGroup: 'standard',
})
