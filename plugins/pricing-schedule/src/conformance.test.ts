import { testPricing } from '@gantry/testing'
import { pricingSchedule } from './index.ts'

const line = {
  rule: 'tokens',
  item: 'output',
  quantity: 1000n,
  unitPrice: 2_000_000n,
  ratios: [],
  asset: 'usd',
}

testPricing('schedule', {
  create: () =>
    pricingSchedule({
      timeZone: 'Asia/Shanghai',
      windows: [{ from: '00:30', to: '08:30', ratio: '0.25', models: ['deep-*'] }],
    }),
  cases: [
    {
      name: 'by night in Shanghai',
      model: 'deep-1',
      lines: [line],
      at: new Date('2026-03-02T20:00:00Z'),
      total: '0.0005',
    },
    {
      name: 'by day in Shanghai',
      model: 'deep-1',
      lines: [line],
      at: new Date('2026-03-02T06:00:00Z'),
      total: '0.002',
    },
    {
      name: 'another model',
      model: 'shallow',
      lines: [line],
      at: new Date('2026-03-02T20:00:00Z'),
      total: '0.002',
    },
    { name: 'nothing to multiply', lines: [], at: new Date('2026-03-02T20:00:00Z'), total: '0' },
  ],
})
