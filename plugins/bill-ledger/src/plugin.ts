import { account, definePlugin, group, type Host, type PluginFactory } from '@gantry/core'
import { createHash } from 'node:crypto'
import type { Bill } from './bill.ts'
import { observe } from './observe.ts'
import { type BillLedgerOptions, type BillOptions, readOptions } from './options.ts'
import { recover, sweep } from './recover.ts'
import { reserve } from './reserve.ts'
import { settle } from './settle.ts'
import { charge } from './state.ts'

/**
 * The bill phase over a ledger store: holds what a request can cost before it is sent, extends the hold while a stream
 * runs, and charges what was used, once. One wallet for each account and asset.
 */
export const billLedger: PluginFactory<BillLedgerOptions | undefined> = definePlugin<
  BillLedgerOptions | undefined,
  BillOptions
>({
  name: 'bill-ledger',
  schema: readOptions,
  create: (options) => {
    let bill: Bill | undefined
    let timer: NodeJS.Timeout | undefined
    const ready = (): Bill => {
      if (!bill) throw new Error('bill-ledger was not set up')
      return bill
    }
    return {
      name: 'bill-ledger',
      reads: [account, group],
      writes: [charge],
      async setup(host) {
        const made = createBill(host, options)
        await recover(made)
        bill = made
        timer = setInterval(() => host.task(sweep(made, Date.now())), options.sweepMs)
        timer.unref()
      },
      close() {
        clearInterval(timer)
      },
      hooks: {
        'bill.reserve': (context) => reserve(ready(), context),
        'bill.observe': (context, usage) => observe(ready(), context, usage),
        'bill.settle': (context) => settle(ready(), context),
      },
    }
  },
})

function createBill(host: Host, options: BillOptions): Bill {
  return {
    host,
    options,
    ledger: host.use('ledger'),
    usage: host.all('usage').length > 0 ? host.use('usage') : undefined,
    priceVersion: priceVersionOf(host),
    // When this process began: another after a restart, the same for the gateways a reload makes beside each other.
    epoch: Math.floor(performance.timeOrigin),
  }
}

function priceVersionOf({ config }: Host): string {
  const prices = Object.entries(config.models).map(([model, entry]) => [model, entry.price ?? null])
  const ratios = Object.entries(config.groups).map(([name, entry]) => [name, entry.ratio ?? 1])
  return createHash('sha256')
    .update(JSON.stringify([prices, ratios]))
    .digest('hex')
    .slice(0, 16)
}
