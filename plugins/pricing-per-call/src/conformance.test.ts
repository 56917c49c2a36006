import { testPricing } from '@gantry/testing'
import { pricingPerCall } from './index.ts'

const line = {
  rule: 'tokens',
  item: 'input',
  quantity: 1000n,
  unitPrice: 1_250_000n,
  ratios: [],
  asset: 'usd',
}

testPricing('per-call', {
  create: () =>
    pricingPerCall({
      prices: [
        { models: ['draw-*'], call: '0.01', units: { image: '0.04' } },
        { models: ['flat'], call: '0.1', only: true },
        { operations: ['embed'], call: '0.5' },
      ],
    }),
  cases: [
    { name: 'a call and its pictures', model: 'draw-big', units: { image: 3 }, total: '0.13' },
    { name: 'on top of tokens', model: 'draw-big', lines: [line], total: '0.01125' },
    { name: 'instead of tokens', model: 'flat', lines: [line], total: '0.1' },
    { name: 'another model', model: 'other', lines: [line], total: '0.00125' },
  ],
})
