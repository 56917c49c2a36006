import { testPricing } from '@gantry/testing'
import { pricingTokens, serviceTier } from './index.ts'

testPricing('tokens', {
  create: pricingTokens,
  config: {
    models: {
      'model-a': { to: 'p/m', price: { input: '1.25', cacheRead: '0.125', output: '10' } },
      'model-b': {
        to: 'p/m',
        price: {
          input: '2',
          output: '8',
          units: { web_search: '0.01' },
          longContext: [{ above: 1000, input: '4' }],
          serviceTiers: { priority: 2 },
        },
      },
    },
  },
  cases: [
    { name: 'a bill by hand', tokens: { input: 1000, cache_read: 8000, reasoning: 500 }, total: '0.00725' },
    { name: 'units', model: 'model-b', tokens: { input: 1000 }, units: { web_search: 2 }, total: '0.022' },
    { name: 'a long input', model: 'model-b', tokens: { input: 1001 }, total: '0.004004' },
    {
      name: 'a tier that was asked for',
      model: 'model-b',
      tokens: { output: 1000 },
      values: [[serviceTier, 'priority']],
      total: '0.016',
    },
    { name: 'another model', model: 'free', tokens: { input: 1000 }, total: '0' },
  ],
  wrong: [
    [{ models: { m: { to: 'p/m', price: { input: '-1' } } } }, 'models.m.price.input'],
    [
      { models: { m: { to: 'p/m', price: { input: '1', output: '1', units: { x: '-1' } } } } },
      'models.m.price.units.x',
    ],
  ],
})
