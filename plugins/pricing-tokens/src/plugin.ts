import { definePlugin, type PluginFactory } from '@gantry/core'
import { checkPrices, readBook } from './book.ts'
import { linesOf } from './lines.ts'
import type { PriceEntry } from './parse.ts'
import { rememberTier, serviceTier } from './tier.ts'

/**
 * Prices by tokens: one line for each token bucket with a quantity, from `models.*.price` of the config.
 * Prices are decimal strings per million tokens; `call` is per call, `units` per thing the usage counts. A bucket without
 * a price takes its parent's: reasoning and output kinds that of `output`, input and cache kinds that of `input`.
 */
export const pricingTokens: PluginFactory<void, { pricing: 'tokens' }> = definePlugin<
  void,
  void,
  { pricing: 'tokens' }
>({
  name: 'pricing-tokens',
  create: () => {
    let book: ReadonlyMap<string, PriceEntry> = new Map()
    return {
      name: 'pricing-tokens',
      check: checkPrices,
      reads: [serviceTier],
      writes: [serviceTier],
      hooks: {
        // Before a bill plugin asks for the price.
        'bill.reserve': { order: 'pre', handler: (context) => rememberTier(book, context) },
      },
      setup(host) {
        book = readBook(host.config)
      },
      provides: {
        pricing: [
          {
            name: 'tokens',
            apply(lines, context) {
              const own = linesOf(book, context)
              return own ? [...lines, ...own] : lines
            },
          },
        ],
      },
    }
  },
})
