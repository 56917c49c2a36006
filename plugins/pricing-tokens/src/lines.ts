import type { PriceLine, PricingContext, TokenBucket, Usage } from '@gantry/core'
import { tokenBuckets } from '@gantry/ledger'
import type { ParsedPrice, PriceEntry } from './book.ts'

const rule = 'tokens'

/**
 * The lines of one request, or undefined where a price is missing: then the model counts as unpriced at `reserve`.
 * A nested model whose price is in another asset costs this model's price: one request is paid from one wallet.
 * At `settle` the lines that do have a price stand, because an answer that was given is charged as far as possible.
 */
export function linesOf(
  book: ReadonlyMap<string, PriceEntry>,
  context: PricingContext,
): readonly PriceLine[] | undefined {
  const price = book.get(context.model) ?? 'unpriced'
  if (price === 'unpriced') return undefined
  const lines: PriceLine[] = []
  let complete = true
  if (price === 'free') lines.push(freeLine())
  else complete = addLines(lines, price, context.usage.tokens)
  for (const nested of context.usage.nested ?? []) {
    const own = book.get(nested.model)
    if (own === 'free') lines.push(freeLine(nested.model, price === 'free' ? undefined : price.asset))
    else if (own !== undefined && own !== 'unpriced' && (price === 'free' || price.asset === own.asset)) {
      const note = `${nested.model}, used inside ${context.model}, at its own price`
      complete = addLines(lines, own, nested.tokens, { model: nested.model, note }) && complete
    } else if (price === 'free') lines.push(freeLine(nested.model))
    else {
      const note = `${nested.model}, used inside ${context.model}, at the price of ${context.model}`
      complete = addLines(lines, price, nested.tokens, { model: nested.model, note }) && complete
    }
  }
  return complete || context.moment === 'settle' ? lines : undefined
}

function addLines(
  lines: PriceLine[],
  price: ParsedPrice,
  tokens: Usage['tokens'],
  nested?: { readonly model: string; readonly note: string },
): boolean {
  const before = lines.length
  let complete = true
  const add = (item: TokenBucket | 'call', quantity: bigint, unitPrice: bigint): void => {
    const line = { rule, item, quantity, unitPrice, ratios: [], asset: price.asset }
    lines.push(nested ? { ...line, ...nested } : line)
  }
  // A call of a nested model is no call of the client, so it has no call price.
  if (price.call !== undefined && !nested) add('call', 1n, price.call)
  for (const bucket of tokenBuckets) {
    const count = tokens[bucket]
    if (count === undefined || !Number.isSafeInteger(count) || count <= 0) continue
    const unitPrice = price.buckets[bucket]
    if (unitPrice !== undefined) add(bucket, BigInt(count), unitPrice)
    else if (price.call === undefined) complete = false
  }
  // No tokens is a charge of zero, not a missing price.
  if (lines.length === before && complete && !nested) {
    const bucket = price.buckets.input === undefined ? 'output' : 'input'
    add(bucket, 0n, price.buckets[bucket] ?? 0n)
  }
  return complete
}

/** Free is said in a line, so that it is never confused with unpriced. */
function freeLine(model?: string, asset: string = 'usd'): PriceLine {
  return {
    rule,
    item: 'call',
    quantity: 1n,
    unitPrice: 0n,
    ratios: [],
    asset,
    ...(model !== undefined && { model }),
    note: 'free',
  }
}
