import { testPricing } from '@gantry/testing'
import { pricingRatio } from './index.ts'

const item = { rule: 'tokens', item: 'input', ratios: [], asset: 'usd' }
const line = { ...item, quantity: 1000n, unitPrice: 1_250_000n }
testPricing('ratio', {
  create: pricingRatio,
  config: { groups: { vip: { models: ['*'], ratio: '0.8' } } },
  cases: [
    { name: 'vip', group: 'vip', lines: [line], total: '0.001' },
    { name: 'no ratio', group: 'all', lines: [line, line], total: '0.0025' },
  ],
  wrong: [[{ groups: { vip: { models: [], ratio: -1 } } }, 'groups.vip.ratio']],
})
