import { account as accountKey, GatewayError, type ReserveContext, type ReserveResult } from '@gantry/core'
import { formatAmount } from '@gantry/ledger'
import type { Bill } from './bill.ts'
import { quote, type Quote } from './price.ts'
import { billState, type BillState } from './state.ts'

type Refusal = Extract<ReserveResult, { readonly ok: false }>

/** Output nobody limits: what is held for it at first. */
const defaultOutput = 4096

/** Holds what the request can cost, before anything is sent. Throws `GatewayError` when it is refused. */
export async function reserve(bill: Bill, context: ReserveContext): Promise<void> {
  const account = context.get(accountKey)
  const quoted = quoteOf(bill, context)
  const result = Promise.resolve(
    bill.ledger.reserve({
      id: context.id,
      account,
      // None named: the account's wallet in the asset.
      wallets: [],
      asset: quoted.asset,
      amount: quoted.amount,
      budgets: [],
      priceVersion: bill.priceVersion,
      ratioPpm: quoted.ratioPpm,
      instance: bill.options.instance,
      epoch: bill.epoch,
      // There is no queue between here and the first upstream byte, so one commit says both.
      sent: true,
      expiresAt: Date.now() + bill.options.holdTtlMs,
    }),
  )
  const state: BillState = {
    asset: quoted.asset,
    model: context.model,
    initial: quoted.amount,
    amount: quoted.amount,
    held: result.then(
      ({ ok }) => ok,
      () => 'unknown' as const,
    ),
    extending: false,
    refused: false,
    failed: false,
  }
  // Set before the answer: if this hook runs into its deadline, settle still finds the hold and gives it back.
  context.set(billState, state)
  const answer = await result
  // What costs nothing needs no balance and no wallet.
  if (answer.ok || quoted.amount === 0n) return
  throw refusal(bill, answer, quoted)
}

function quoteOf(bill: Bill, context: ReserveContext): Quote {
  const quoted = quote(bill.host, context, outputBound(bill, context))
  if (typeof quoted === 'object') return quoted
  if (quoted === 'beyond') {
    throw new GatewayError({
      class: 'insufficient_funds',
      code: 'insufficient_quota',
      status: bill.host.config.server?.insufficientFunds ?? 429,
      message: 'No balance covers what this request may cost. Ask for fewer output tokens.',
      retryable: false,
    })
  }
  if (quoted === 'unpriced' && bill.options.unpriced === 'free') {
    return { asset: 'usd', amount: 0n, ratioPpm: 1_000_000n }
  }
  const message =
    quoted === 'unpriced'
      ? `The model "${context.model}" has no price here, so it cannot be billed. The operator of this gateway has to set one.`
      : `The model "${context.model}" is priced in several assets at once, so it cannot be billed. The operator of this gateway has to choose one.`
  throw new GatewayError({
    class: 'overloaded',
    code: 'model_price_missing',
    status: 503,
    message,
    retryable: false,
  })
}

/** A stream's hold can grow, so it starts small; a whole reply's cannot, so it takes all that may come. */
function outputBound(bill: Bill, context: ReserveContext): number {
  const { stream, maxOutputTokens, choices = 1 } = context.bound()
  if (stream) return Math.min(maxOutputTokens ?? defaultOutput, bill.options.streamOutputTokens)
  if (maxOutputTokens !== undefined) return maxOutputTokens
  const caps = context.targets.map((target) => target.maxOutputTokens ?? 0)
  const cap = bill.host.config.models[context.model]?.maxOutputTokens ?? Math.max(0, ...caps)
  return (cap > 0 ? cap : defaultOutput) * choices
}

function refusal(bill: Bill, refused: Refusal, quoted: Quote): GatewayError {
  const status = bill.host.config.server?.insufficientFunds ?? 429
  const most = `${formatAmount(quoted.amount)} ${quoted.asset}`
  const common = { class: 'insufficient_funds', code: 'insufficient_quota', status } as const
  if (refused.limit === 'in_flight') {
    return new GatewayError({
      ...common,
      message: `The balance is set aside for requests that are still running; this one may cost up to ${most}. Try again when one of them has ended.`,
      retryable: true,
      ...(refused.retryAfterMs !== undefined && { retryAfterMs: refused.retryAfterMs }),
    })
  }
  const whose = refused.limit === 'wallet' ? 'The balance' : `The budget of this ${refused.limit}`
  return new GatewayError({
    ...common,
    message: `${whose} does not cover this request, which may cost up to ${most}.`,
    retryable: false,
  })
}
