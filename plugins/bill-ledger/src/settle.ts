import { account, type Json, type JsonObject, key as keyKey, group, type SettleContext } from '@gantry/core'
import { type SettlementDecision, settlementOf, usageRow } from '@gantry/ledger'
import type { Bill } from './bill.ts'
import { costOf } from './price.ts'
import { billState, type BillState, charge } from './state.ts'

/**
 * Charges what the settlement table says, once for each request id, and writes its usage row in the same transaction.
 * May be called again after a failure. Requests that were refused before there was a hold leave nothing here.
 */
export async function settle(bill: Bill, context: SettleContext): Promise<void> {
  const state = context.peek(billState)
  if (!state) return
  const held = await state.held
  if (held === 'unknown') {
    context.set(charge, 0n)
    await giveBack(bill, context.id)
    return
  }
  const decision = decide(bill, context)
  if (!held) {
    if (state.initial === 0n && context.outcome !== 'refused') await writeFree(bill, context, state, decision)
    context.set(charge, 0n)
    return
  }
  if (context.outcome === 'refused' && context.attempts.length === 0) {
    await bill.ledger.void(context.id, context.error?.code ?? 'refused')
    context.set(charge, 0n)
    return
  }
  const charged = decision.source !== 'none'
  const cost = charged ? costToCharge(bill, context, state, decision) : 0n
  await bill.ledger.settle({
    id: context.id,
    amount: cost,
    lines: charged ? context.lines : [],
    usage: { ...decision.usage, source: decision.source },
    outcome: context.outcome,
    attributes: attributesOf(context),
  })
  context.set(charge, cost)
}

/**
 * The store failed while it made the hold, and may have made it: nothing was sent, so it goes back. Tried once. A store
 * that is away has enough to do, and the sweep releases what is left.
 */
async function giveBack(bill: Bill, id: string): Promise<void> {
  try {
    await bill.ledger.void(id, 'reserve_failed')
  } catch (cause) {
    bill.host.logger.debug('a hold that may have been made could not be given back', { id, cause })
  }
}

function decide(bill: Bill, context: SettleContext): SettlementDecision {
  const { outcome, usage, finish } = context
  // For a client that left and a stream that was cut, core has already left out what nobody got.
  const counted = (outcome === 'aborted' || outcome === 'cut') && usage.source !== 'none'
  return settlementOf({
    outcome,
    usage,
    delivered: outcome === 'completed' || context.firstOutputMs !== undefined || counted,
    chargePartial: bill.options.chargePartial,
    ...(finish && { finish }),
  })
}

function costToCharge(
  bill: Bill,
  context: SettleContext,
  state: BillState,
  decision: SettlementDecision,
): bigint {
  const { cost, other } = costOf(context.lines, state.asset)
  if (other) {
    bill.host.logger.error('price lines of another asset than the hold are not charged', {
      id: context.id,
      model: context.model,
      asset: state.asset,
    })
  }
  if (cost === undefined) {
    bill.host.logger.error('a report costs more than the ledger can count; what was held is charged', {
      id: context.id,
      model: context.model,
    })
    return state.amount
  }
  // Our own estimate never costs more than was set aside for it.
  return decision.source === 'estimated' && cost > state.amount ? state.amount : cost
}

/** A free request of an account without a wallet: there is no hold to settle, but it was served, so it is listed. */
async function writeFree(
  bill: Bill,
  context: SettleContext,
  state: BillState,
  decision: SettlementDecision,
): Promise<void> {
  const { cost } = costOf(decision.source === 'none' ? [] : context.lines, state.asset)
  if (cost !== 0n) bill.host.logger.error('a request quoted as free did cost something', { id: context.id })
  const usage = { ...decision.usage, source: decision.source }
  const settlement = {
    id: context.id,
    amount: 0n,
    lines: context.lines,
    usage,
    outcome: context.outcome,
    attributes: attributesOf(context),
  }
  await bill.usage?.write(
    usageRow(
      settlement,
      { account: context.peek(account) ?? '', asset: state.asset, priceVersion: bill.priceVersion },
      { kind: 'charge', charged: 0n, writtenOff: 0n },
      Date.now(),
    ),
  )
}

function attributesOf(context: SettleContext): JsonObject {
  const { target } = context
  const named: { readonly [name: string]: Json | undefined } = {
    key: context.peek(keyKey)?.id,
    group: context.peek(group),
    model: context.model,
    target: target && `${target.provider}/${target.model}`,
    protocol: context.protocol,
    operation: context.operation,
    stream: context.stream,
    status: context.status,
    attempts: context.attempts.length,
    finish: context.finish?.reason,
    error: context.error?.code ?? context.error?.class,
    ms: Math.round(context.ms),
    firstOutputMs: context.firstOutputMs === undefined ? undefined : Math.round(context.firstOutputMs),
    receivedAt: context.receivedAt.getTime(),
  }
  const attributes: { [name: string]: Json } = {}
  for (const name in named) {
    const value = named[name]
    if (value !== undefined) attributes[name] = value
  }
  return attributes
}
