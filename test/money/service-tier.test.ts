import billLedger from '@gantry/bill-ledger'
import { account, group, type LedgerStore, type ModelPrice } from '@gantry/core'
import { chargeOf, parseAmount } from '@gantry/ledger'
import pricingRatio from '@gantry/pricing-ratio'
import pricingTokens from '@gantry/pricing-tokens'
import simulator from '@gantry/provider-simulator'
import memory from '@gantry/store-memory'
import { afterEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

const price: ModelPrice = { input: '1', output: '10', serviceTiers: { priority: 2, flex: '0.5' } }
const plain: ModelPrice = { input: '1', output: '10' }

describe('a price by service tier, through the gateway', () => {
  it.each<[model: string, tier: string | undefined, factor: bigint, why: string]>([
    ['chat', undefined, 2n, 'nothing was asked for'],
    ['chat', 'priority', 4n, 'asked for, and the wire does not say what served it'],
    ['chat', 'flex', 2n, 'a discount that nobody confirmed'],
    ['chat', 'auto', 2n, 'no tier of this price'],
    ['claude', 'priority', 2n, 'the upstream says that the standard tier served it'],
    ['plain', 'priority', 2n, 'a price that knows no tiers'],
  ])('%s, %s', async (model, tier, factor) => {
    const ledger = await gateway()
    const body = { model, messages: [{ role: 'user', content: 'say one two three' }], max_tokens: 100 }
    const answer = await composed!.chat({ ...body, ...(tier !== undefined && { service_tier: tier }) })
    expect(answer.status).toBe(200)
    await answer.text()
    await expect.poll(() => composed?.settled.length).toBe(1)
    const { usage, lines } = composed!.settled[0]!
    const { input = 0, cache_read: cached = 0, output = 0 } = usage.tokens
    // In half nano-units, so that a factor of one half would be seen, too.
    const cost = (BigInt(input + cached) + BigInt(output) * 10n) * 1000n * factor
    expect(chargeOf(lines) * 2n).toBe(cost)
    const [wallet] = await ledger.balance('customer')
    expect((parseAmount('1') - (wallet?.posted ?? 0n)) * 2n).toBe(cost)
    expect(wallet?.held).toBe(0n)
  })

  it('holds what the tier that was asked for may cost', async () => {
    // 100 tokens of output and about ten of input cost 0.00101 at most, and twice that with priority.
    const ask = async (tier: string): Promise<number> => {
      await gateway('0.0015')
      const body = { model: 'chat', messages: [{ role: 'user', content: 'say one' }], max_tokens: 100 }
      const answer = await composed!.chat({ ...body, service_tier: tier })
      await composed!.close()
      return answer.status
    }
    expect(await ask('default')).toBe(200)
    expect(await ask('priority')).toBe(429)
  })
})

async function gateway(balance: string = '1'): Promise<LedgerStore> {
  composed = await compose({
    // The bill plugin stands first: what it asks the price by is there all the same.
    plugins: [billLedger(), pricingTokens(), pricingRatio()],
    hooks: {
      auth: (context) => {
        context.set(account, 'customer')
        context.set(group, 'all')
      },
    },
    config: {
      store: memory(),
      providers: { chat: simulator(), claude: simulator({ speaks: 'anthropic-messages' }) },
      models: {
        chat: { to: 'chat/sim', price },
        claude: { to: 'claude/sim', price },
        plain: { to: 'chat/sim', price: plain },
      },
      groups: { all: { models: ['*'] } },
    },
  })
  const ledger = composed.gateway.host.use('ledger')
  await ledger.createAccount({ id: 'customer', wallets: [{ asset: 'usd', overdraft: 0n }] })
  const amount = parseAmount(balance)
  await ledger.transfer({
    account: 'customer',
    asset: 'usd',
    amount,
    counterAccount: 'clearing:usd',
    reference: 'first',
  })
  return ledger
}
