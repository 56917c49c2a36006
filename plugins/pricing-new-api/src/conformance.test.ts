import { testPricing } from '@gantry/testing'
import { pricingNewApi, userGroup } from './index.ts'

const ratios = {
  model_ratio: { 'gpt-5': 0.625 },
  completion_ratio: { 'gpt-5': 8 },
  cache_ratio: { 'gpt-5': 0.1 },
  model_price: { draw: 0.04 },
  group_ratio: { vip: 0.8 },
}

testPricing('new-api', {
  create: () => pricingNewApi({ ratios }),
  optional: [userGroup],
  cases: [
    {
      name: 'tokens',
      model: 'gpt-5',
      tokens: { input: 1000, cache_read: 500, output: 200 },
      // 0.00125 + 0.0000625 + 0.002
      total: '0.0033125',
    },
    { name: 'a group', model: 'gpt-5', group: 'vip', tokens: { output: 200 }, total: '0.0016' },
    { name: 'a request', model: 'draw', group: 'vip', total: '0.032' },
    { name: 'an unknown model', model: 'other', tokens: { input: 1_000_000 }, total: '0' },
  ],
})

testPricing('new-api as new-api stores it', {
  create: () => pricingNewApi({ ratios: { model_ratio: '{"m": 1}' } }),
  optional: [userGroup],
  cases: [{ name: 'a table as text', model: 'm', tokens: { input: 1_000_000 }, total: '2' }],
})
