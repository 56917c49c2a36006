import {
  compileGlobs,
  definePlugin,
  type PluginFactory,
  type PriceLine,
  type PricingContext,
} from '@gantry/core'
import { optionsSchema, type ParsedPrice, type PricingPerCallOptions } from './options.ts'

const rule = 'per-call'

interface Names {
  readonly pricing: typeof rule
}

/**
 * Fixed prices: so much for each request of a model or operation, and for each thing its usage counts one by one.
 * Adds lines to those of the rules before it, or takes their place (`only`).
 */
export const pricingPerCall: PluginFactory<PricingPerCallOptions, Names> = definePlugin<
  PricingPerCallOptions,
  { readonly prices: readonly ParsedPrice[] },
  Names
>({
  name: 'pricing-per-call',
  schema: optionsSchema,
  create: ({ prices }) => {
    const entries = prices.map((price) => ({ price, fits: compile(price) }))
    return {
      name: 'pricing-per-call',
      provides: {
        pricing: [
          {
            name: rule,
            apply(lines, context) {
              const found = entries.find(({ fits }) => fits(context))
              if (!found) return lines
              const own = linesOf(found.price, context)
              return found.price.only ? own : [...lines, ...own]
            },
          },
        ],
      },
    }
  },
})

// ---

function compile({ models, operations }: ParsedPrice): (context: PricingContext) => boolean {
  const named = models && compileGlobs(models)
  return ({ model, operation }) =>
    (operations === undefined || operations.includes(operation)) && (named === undefined || named(model))
}

/** Never empty, so that a request that used none of the counted things costs zero and is not taken for unpriced. */
function linesOf({ call, units, asset }: ParsedPrice, context: PricingContext): readonly PriceLine[] {
  const lines: PriceLine[] = []
  const add = (item: string, quantity: bigint, unitPrice: bigint): void =>
    void lines.push({ rule, item, quantity, unitPrice, ratios: [], asset })
  if (call !== undefined) add('call', 1n, call)
  const reserving = context.moment === 'reserve'
  for (const { unit, unitPrice, hold } of units) {
    const used = count(context.usage.units?.[unit])
    // Before the request nobody knows how many there will be, and what is not held may not be there to be charged.
    const quantity = reserving && used < hold ? hold : used
    if (quantity > 0n) add(unit, quantity, unitPrice)
  }
  if (lines.length === 0) add(units[0]?.unit ?? 'call', 0n, units[0]?.unitPrice ?? 0n)
  return lines
}

/** A count that cannot be one is none: an upstream writes it. */
function count(value: number | undefined): bigint {
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? BigInt(value) : 0n
}
