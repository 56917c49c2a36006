import { testPricing } from '@gantry/testing'
import { pricingTokens } from './index.ts'

testPricing('tokens', {
  create: pricingTokens,
  config: {
    models: { 'model-a': { to: 'p/m', price: { input: '1.25', cacheRead: '0.125', output: '10' } } },
  },
  cases: [
    { name: 'a bill by hand', tokens: { input: 1000, cache_read: 8000, reasoning: 500 }, total: '0.00725' },
    { name: 'another model', model: 'free', tokens: { input: 1000 }, total: '0' },
  ],
  wrong: [[{ models: { m: { to: 'p/m', price: { input: '-1' } } } }, 'models.m.price.input']],
})
