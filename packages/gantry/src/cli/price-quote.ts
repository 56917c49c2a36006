import {
  checkConfig,
  createGateway,
  group as groupKey,
  type Key,
  type Operation,
  type PriceLine,
  type ResolvedConfig,
  type Usage,
} from '@gantry/core'
import { chargeOf, formatAmount, linesByAsset } from '@gantry/ledger'
import { silentLogger } from './logger.ts'
import { withoutSetup } from './still.ts'

/** A request whose price is asked. */
export interface QuotedRequest {
  readonly model: string
  readonly group: string
  readonly operation: Operation
  readonly usage: Usage
  readonly at: Date
}

/** What a request costs, and why. Decimal strings of the asset. */
export interface Quote {
  readonly model: string
  readonly group: string
  /** ISO time that rules which go by the clock were asked for. */
  readonly at: string
  /** Whether any rule has a price; `false`: a bill plugin refuses the request. */
  readonly priced: boolean
  readonly lines: readonly QuoteLine[]
  /** By asset: the exact sum, and what is charged: that, rounded up once to nano-units. */
  readonly totals: readonly { readonly asset: string; readonly exact: string; readonly charge: string }[]
}

/** One line of the bill. */
export interface QuoteLine {
  readonly rule: string
  readonly item: string
  /** How many of the item. */
  readonly quantity: string
  /** Per item, exact. */
  readonly unitPrice: string
  /** Factors, in the order in which rules added them. */
  readonly ratios: readonly string[]
  /** quantity × unitPrice × ratios, exact. */
  readonly cost: string
  readonly asset: string
  readonly model?: string
  readonly note?: string
}

/** Asks the pricing rules of a config what a request costs. Nothing else of the gateway is set up. */
export async function quoteRequest(config: ResolvedConfig, request: QuotedRequest): Promise<Quote> {
  const { model, group, operation, usage, at } = request
  const prices = (plugin: object): boolean =>
    Boolean((plugin as { provides?: { pricing?: readonly unknown[] } }).provides?.pricing?.length)
  const [target] = checkConfig(config).models.get(model)?.targets ?? []
  const gateway = await createGateway(withoutSetup(config, prices), { logger: silentLogger })
  try {
    const lines = gateway.host.price({
      moment: 'settle',
      operation,
      model,
      ...(target && {
        target: { provider: target.provider, model: target.model, protocol: target.protocol ?? '' },
      }),
      usage,
      at,
      peek: <T>(key: Key<T>): T | undefined => (key.id === groupKey.id ? (group as T) : undefined),
    })
    return {
      model,
      group,
      at: at.toISOString(),
      priced: lines.length > 0,
      lines: lines.map(quoteLine),
      totals: [...linesByAsset(lines)].map(([asset, own]) => ({
        asset,
        exact: exactSum(own),
        charge: formatAmount(chargeOf(own)),
      })),
    }
  } finally {
    await gateway.close()
  }
}

// ---

const picoDecimals = 12
const ppmDecimals = 6

function quoteLine({ rule, item, quantity, unitPrice, ratios, asset, model, note }: PriceLine): QuoteLine {
  return {
    rule,
    item,
    quantity: String(quantity),
    unitPrice: decimal(unitPrice, picoDecimals),
    ratios: ratios.map((ratio) => decimal(ratio, ppmDecimals)),
    cost: exactSum([{ quantity, unitPrice, ratios }]),
    asset,
    ...(model !== undefined && { model }),
    ...(note !== undefined && { note }),
  }
}

/** Nothing is rounded: every line is brought to as many decimals as the longest one has. */
function exactSum(lines: readonly Pick<PriceLine, 'quantity' | 'unitPrice' | 'ratios'>[]): string {
  const depth = Math.max(0, ...lines.map(({ ratios }) => ratios.length))
  let sum = 0n
  for (const { quantity, unitPrice, ratios } of lines) {
    const missing = 10n ** BigInt(ppmDecimals * (depth - ratios.length))
    sum += ratios.reduce((product, ratio) => product * ratio, quantity * unitPrice * missing)
  }
  return decimal(sum, picoDecimals + ppmDecimals * depth)
}

/** The shortest decimal of an integer of 10^-`decimals`. */
function decimal(value: bigint, decimals: number): string {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, '0')
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  const whole = `${value < 0n ? '-' : ''}${digits.slice(0, digits.length - decimals)}`
  return fraction === '' ? whole : `${whole}.${fraction}`
}
