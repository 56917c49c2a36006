import type { Plugin, PriceLine } from 'gantry'

/** A tenth of a cent, in pico. */
const unitPrice = 1_000_000_000n

const line: PriceLine = { rule: 'fee', item: 'call', quantity: 1n, unitPrice, ratios: [], asset: 'usd' }

/** A fee for each call, whatever it says. */
export const fee: Plugin<{ pricing: 'fee' }> = {
  name: 'pricing-fee',
  provides: { pricing: [{ name: 'fee', apply: (lines) => [...lines, line] }] },
}
