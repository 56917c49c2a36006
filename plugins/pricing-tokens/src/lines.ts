import type { PriceLine, PricingContext, TokenBucket, Usage } from '@gantry/core'
import { tokenBuckets } from '@gantry/ledger'
import type { ParsedPrice, PriceEntry } from './parse.ts'
import { ratesOf, type Tier, tierOf } from './tier.ts'

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
  const { usage, moment } = context
  const lines: PriceLine[] = []
  const request: Request = { lines, moment, tier: tierOf(context) }
  let complete = true
  if (price === 'free') lines.push(freeLine())
  else complete = addLines(request, price, usage)
  for (const { model, tokens } of usage.nested ?? []) {
    const own = book.get(model)
    if (own === 'free') lines.push(freeLine(model, price === 'free' ? undefined : price.asset))
    else if (own !== undefined && own !== 'unpriced' && (price === 'free' || price.asset === own.asset)) {
      const note = `${model}, used inside ${context.model}, at its own price`
      complete = addLines(request, own, { tokens }, { model, note }) && complete
    } else if (price === 'free') lines.push(freeLine(model))
    else {
      const note = `${model}, used inside ${context.model}, at the price of ${context.model}`
      complete = addLines(request, price, { tokens }, { model, note }) && complete
    }
  }
  return complete || moment === 'settle' ? lines : undefined
}

interface Request {
  readonly lines: PriceLine[]
  readonly moment: PricingContext['moment']
  readonly tier: Tier | undefined
}

function addLines(
  { lines, moment, tier }: Request,
  price: ParsedPrice,
  { tokens, units }: Pick<Usage, 'tokens' | 'units'>,
  nested?: { readonly model: string; readonly note: string },
): boolean {
  const before = lines.length
  const { asset } = price
  let complete = true
  const rates = ratesOf(price, tokens, tier, moment)
  const add = (item: string, quantity: bigint, unitPrice: bigint): void =>
    void lines.push({ rule, item, quantity, unitPrice, ratios: [], asset, ...nested })
  const note = [nested?.note, rates.note].filter((one) => one !== undefined).join('; ')
  const addTokens = (bucket: TokenBucket, quantity: bigint, unitPrice: bigint): void => {
    const line: PriceLine = {
      rule,
      item: bucket,
      quantity,
      unitPrice,
      ratios: rates.ratios,
      asset,
      ...nested,
    }
    lines.push(note === '' ? line : { ...line, note })
  }
  // A call of a nested model is no call of the client, so it has no call price.
  if (price.call !== undefined && !nested) add('call', 1n, price.call)
  for (const bucket of tokenBuckets) {
    const count = tokens[bucket]
    if (count === undefined || !Number.isSafeInteger(count) || count <= 0) continue
    const unitPrice = rates.buckets[bucket]
    if (unitPrice !== undefined) addTokens(bucket, BigInt(count), unitPrice)
    else if (price.call === undefined) complete = false
  }
  if (!nested) addUnits(price, units, add, moment === 'reserve' && lines.slice(before).every(isZero))
  // No tokens is a charge of zero, not a missing price.
  if (lines.length === before && complete && !nested) {
    const bucket = price.buckets.input === undefined ? 'output' : 'input'
    add(bucket, 0n, price.buckets[bucket] ?? 0n)
  }
  return complete
}

/**
 * Units that were counted. Where nothing else is set aside, one of each is: a request that holds nothing counts as free,
 * and then nothing can be charged for it.
 */
function addUnits(
  price: ParsedPrice,
  counted: Usage['units'],
  add: (item: string, quantity: bigint, unitPrice: bigint) => void,
  atLeastOne: boolean,
): void {
  for (const [unit, unitPrice] of price.units) {
    const used = counted?.[unit] ?? 0
    const count = Number.isSafeInteger(used) && used > 0 ? BigInt(used) : atLeastOne ? 1n : 0n
    if (count > 0n) add(unit, count, unitPrice)
  }
}

function isZero({ quantity, unitPrice }: PriceLine): boolean {
  return quantity === 0n || unitPrice === 0n
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
