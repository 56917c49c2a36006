import type { Host, PriceLine, PricingContext, ReserveContext, TokenBucket, Usage } from '@gantry/core'
import { chargeOf, depthOf, exactOf, roundUp, tokenBuckets } from '@gantry/ledger'

/** What a request can cost at most, as far as can be known before. */
export interface Quote {
  readonly asset: string
  readonly amount: bigint
  readonly ratioPpm: bigint
}

/** Why there is no quote: no line at all, lines of several assets, which one wallet cannot pay, or more than a ledger can count. */
export type NoQuote = 'unpriced' | 'mixed' | 'beyond'

const ppmOne = 1_000_000n
const buckets: ReadonlySet<string> = new Set(tokenBuckets)

/**
 * The dearest interpretation of a request over its targets. Nobody knows yet which input is read from a cache, written
 * to one, or plain, so every kind is priced with the whole input and only the dearest counts; the same for output.
 */
export function quote(host: Host, context: ReserveContext, outputTokens: number): Quote | NoQuote {
  const { inputTokens } = context.bound()
  const output = context.operation === 'embed' ? 0 : outputTokens
  // Rules leave out a count that is none, and what is left out would be held for nothing.
  if (!Number.isSafeInteger(inputTokens) || !Number.isSafeInteger(output)) return 'beyond'
  const tokens: { [bucket in TokenBucket]?: number } = {}
  for (const bucket of tokenBuckets) tokens[bucket] = isOutput(bucket) ? output : inputTokens
  const usage: Usage = { tokens, source: 'estimated', final: false }
  const asked: PricingContext = {
    moment: 'reserve',
    operation: context.operation,
    model: context.model,
    usage,
    at: context.receivedAt,
    peek: (key) => context.peek(key),
  }
  const candidates =
    context.targets.length > 0 ? context.targets.map((target) => ({ ...asked, target })) : [asked]
  let dearest: Quote | undefined
  for (const candidate of candidates) {
    const lines = host.price(candidate)
    // One unpriced candidate is enough: it may be the one that answers.
    if (lines.length === 0) return 'unpriced'
    const asset = assetOf(lines)
    if (asset === undefined || (dearest && dearest.asset !== asset)) return 'mixed'
    const amount = dearestOf(lines, asset)
    if (amount === undefined) return 'beyond'
    if (!dearest || amount > dearest.amount) dearest = { asset, amount, ratioPpm: ratioOf(lines) }
  }
  return dearest ?? 'unpriced'
}

/**
 * What lines cost in one asset; never negative, and undefined beyond what the ledger can count. `other` is true when
 * lines of another asset were left out.
 */
export function costOf(
  lines: readonly PriceLine[],
  asset: string,
): { readonly cost: bigint | undefined; readonly other: boolean } {
  if (lines.every((line) => line.asset === asset)) return { cost: sumOf(lines), other: false }
  const own = lines.filter((line) => line.asset === asset)
  const other = lines.some((line) => line.asset !== asset && !isZero(line))
  return { cost: sumOf(own), other }
}

/** The one asset of lines that cost something; of any line when none does; undefined for several. */
function assetOf(lines: readonly PriceLine[]): string | undefined {
  let asset: string | undefined
  for (const line of lines) {
    if (line.asset === asset || isZero(line)) continue
    if (asset !== undefined) return undefined
    asset = line.asset
  }
  return asset ?? lines[0]?.asset
}

/** Of the input's kinds the dearest, of the output's too, and all that is no kind of either. */
function dearestOf(lines: readonly PriceLine[], asset: string): bigint | undefined {
  const depth = depthOf(lines)
  const kinds = new Map<string, bigint>()
  let sum = 0n
  for (const line of lines) {
    if (line.asset !== asset) continue
    const cost = exactOf(line, depth)
    if (buckets.has(line.item)) kinds.set(line.item, (kinds.get(line.item) ?? 0n) + cost)
    else sum += cost
  }
  let input = 0n
  let output = 0n
  for (const [item, cost] of kinds) {
    if (!isOutput(item)) input = cost > input ? cost : input
    else if (cost > output) output = cost
  }
  return charged(() => roundUp(sum + input + output, depth))
}

/** The charge of lines of one asset; undefined when it is too large for the ledger. */
function sumOf(lines: readonly PriceLine[]): bigint | undefined {
  return charged(() => chargeOf(lines))
}

/** A charge is never negative: what would be one costs nothing. */
function charged(sum: () => bigint): bigint | undefined {
  try {
    const charge = sum()
    return charge > 0n ? charge : 0n
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The product of one line's ratios, for the record on the hold; lines themselves keep the exact factors. */
function ratioOf(lines: readonly PriceLine[]): bigint {
  return (lines[0]?.ratios ?? []).reduce((product, ratio) => (product * ratio) / ppmOne, ppmOne)
}

function isZero(line: PriceLine): boolean {
  return line.quantity === 0n || line.unitPrice === 0n || line.ratios.includes(0n)
}

function isOutput(item: string): boolean {
  return item === 'reasoning' || item.startsWith('output')
}
