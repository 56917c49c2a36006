import { account, group, type AnyPlugin } from '@gantry/core'
import { pricingTokens } from '@gantry/pricing-tokens'
import { memory } from '@gantry/store-memory'
import { fund, testPlugin } from '@gantry/testing'
import { billLedger } from './index.ts'

const values = [
  [account, 'ann'],
  [group, 'all'],
] as const

testPlugin('bill-ledger', {
  create: () => billLedger(),
  others: () => [funded(), asAnn, pricingTokens()],
  request: { values },
  refuses: [
    {
      moment: 'bill.reserve',
      request: { values: [[account, 'bob'], ...values.slice(1)] },
      class: 'insufficient_funds',
    },
  ],
})

const asAnn: AnyPlugin = {
  name: 'as-ann',
  writes: [account, group],
  hooks: {
    auth(context) {
      context.set(account, 'ann')
      context.set(group, 'all')
    },
  },
}

/** A store in which Ann has ten dollars. */
function funded(): AnyPlugin {
  const store = memory()
  return { ...store, setup: () => fund(store.provides.ledger[0]!, 10_000_000_000n) }
}
