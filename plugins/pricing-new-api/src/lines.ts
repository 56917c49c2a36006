import { group, type Key, type PriceLine, type PricingContext, type Usage } from '@gantry/core'
import { tokenBuckets } from '@gantry/ledger'
import type { Book, BucketPrice, ModelBook } from './book.ts'
import type { LinePrice } from './exact.ts'

const rule = 'new-api'

/** What new-api appends to the name of a model when a conversation is shortened. */
const compactSuffix = '-openai-compact'

/** Adds the lines of one request; none for a model without a price, and none where its price is in the config. */
export function linesOf(
  book: Book,
  asset: string,
  before: readonly PriceLine[],
  context: PricingContext,
  userGroup: Key<string>,
): readonly PriceLine[] {
  if (before.some((line) => line.rule === 'tokens')) return before
  const compact = context.operation === 'compact' ? book.model(`${context.model}${compactSuffix}`) : undefined
  const price = compact ?? book.model(context.model)
  if (!price) return before
  const factors = book.group(context.peek(group), context.peek(userGroup))
  const lines: PriceLine[] = []
  const add = (item: string, quantity: bigint, one: LinePrice | BucketPrice, about: object = {}): void => {
    const { unitPrice, ratios, ...note } = one
    lines.push({ rule, item, quantity, unitPrice, ratios: [...ratios, ...factors], asset, ...note, ...about })
  }
  const addTokens = (own: ModelBook, tokens: Usage['tokens'], about?: object): void => {
    if ('call' in own) return
    for (const bucket of tokenBuckets) {
      const quantity = count(tokens[bucket])
      if (quantity > 0n) add(bucket, quantity, own.buckets[bucket], about)
    }
  }
  if ('call' in price) add('call', 1n, price.call)
  else addTokens(price, context.usage.tokens)
  for (const { model, tokens } of context.usage.nested ?? [])
    addTokens(book.model(model) ?? price, tokens, { model })
  for (const [unit, used] of Object.entries(context.usage.units ?? {})) {
    const own = count(used) > 0n ? book.tool(unit, context.model) : undefined
    if (own) add(unit, count(used), own)
  }
  // No tokens cost zero, which is not the same as no price.
  if (lines.length === 0 && !('call' in price)) add('input', 0n, price.buckets.input)
  return [...before, ...lines]
}

/** A count that cannot be one is none: an upstream writes it. */
function count(value: number | undefined): bigint {
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? BigInt(value) : 0n
}
