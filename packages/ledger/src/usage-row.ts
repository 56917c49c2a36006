import { GatewayError, type Json, type JsonObject, type PriceLine, type Settlement } from '@gantry/core'
import type { Posting } from './hold.ts'
import { formatAmount } from './units.ts'

/** Fields of a usage row that stores filter and group by; each a string. */
export const usageFields = [
  'account',
  'key',
  'group',
  'model',
  'target',
  'outcome',
  'usageSource',
  'asset',
] as const

/** One of `usageFields`. */
export type UsageField = (typeof usageFields)[number]

/** Every token bucket, in the order rows show them. */
export const tokenBuckets = [
  'input',
  'input_audio',
  'input_image',
  'input_tool',
  'cache_read',
  'cache_write',
  'cache_write_1h',
  'output',
  'output_audio',
  'output_image',
  'reasoning',
] as const

/** A usage filter that was checked; times in milliseconds, `from` included, `to` not. */
export interface UsageFilter {
  readonly from: number
  readonly to: number
  readonly equal: { readonly [field in UsageField]?: string }
}

/**
 * The usage row of one settlement, equal in every store. Amounts and prices are decimal strings, `at` is milliseconds.
 * `cost` is what left the wallet; `writtenOff` what the wallet could not cover. The lines make the cost reproducible.
 */
export function usageRow(
  settlement: Settlement,
  hold: { readonly account: string; readonly asset: string; readonly priceVersion: string },
  posting: Posting,
  at: number,
): JsonObject {
  const { usage } = settlement
  return {
    ...settlement.attributes,
    requestId: settlement.id,
    at,
    account: hold.account,
    asset: hold.asset,
    cost: formatAmount(posting.charged),
    ...(posting.writtenOff > 0n && { writtenOff: formatAmount(posting.writtenOff) }),
    ...(posting.kind === 'late' && { late: true }),
    outcome: settlement.outcome,
    usageSource: usage.source,
    tokens: { ...usage.tokens },
    ...(usage.units && { units: usage.units }),
    ...(usage.nested && {
      nested: usage.nested.map(({ model, tokens }) => ({ model, tokens: { ...tokens } })),
    }),
    ...(usage.suspect && { suspect: usage.suspect }),
    priceVersion: hold.priceVersion,
    lines: settlement.lines.map(lineJson),
  }
}

/** A row as stores index it. Throws `GatewayError` (`invalid_request`) without a `requestId`. */
export function usageColumns(
  row: JsonObject,
  now: number,
): { requestId: string; at: number; fields: { [field in UsageField]?: string }; tokens: number[] } {
  if (typeof row.requestId !== 'string' || row.requestId === '') {
    throw new GatewayError({ class: 'invalid_request', message: 'A usage row needs a requestId.' })
  }
  const fields: { [field in UsageField]?: string } = {}
  for (const field of usageFields) {
    const value = row[field]
    if (typeof value === 'string') fields[field] = value
  }
  const counts = isObject(row.tokens) ? row.tokens : {}
  const tokens = tokenBuckets.map((bucket) => {
    const count = counts[bucket]
    return typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : 0
  })
  const at = typeof row.at === 'number' && Number.isSafeInteger(row.at) ? row.at : now
  return { requestId: row.requestId, at, fields, tokens }
}

/**
 * Checks a filter: `from`, `to` (milliseconds) and the `usageFields`, each a string.
 * Throws `GatewayError` (`invalid_request`) that names the wrong field.
 */
export function usageFilter(filter: JsonObject): UsageFilter {
  const equal: { [field in UsageField]?: string } = {}
  let from = 0
  let to = Number.MAX_SAFE_INTEGER
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue
    if (name === 'from' || name === 'to') {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongField(name, 'milliseconds')
      if (name === 'from') from = value
      else to = value
    } else if (isUsageField(name)) {
      if (typeof value !== 'string') throw wrongField(name, 'a string')
      equal[name] = value
    } else throw wrongField(name, `one of from, to, ${usageFields.join(', ')}`)
  }
  return { from, to, equal }
}

/**
 * Checks what to group by: `usageFields` and `day` (UTC). `asset` is always in it, because amounts of two assets
 * cannot be added. Throws `GatewayError` (`invalid_request`) that names the wrong field.
 */
export function usageGroups(by: readonly string[]): readonly (UsageField | 'day')[] {
  const groups: (UsageField | 'day')[] = []
  for (const name of [...by, 'asset']) {
    if (name !== 'day' && !isUsageField(name)) {
      throw wrongField(name, `one of day, ${usageFields.join(', ')}`)
    }
    if (!groups.includes(name)) groups.push(name)
  }
  return groups
}

function lineJson(line: PriceLine): Json {
  return {
    rule: line.rule,
    item: line.item,
    quantity: line.quantity.toString(),
    unitPrice: line.unitPrice.toString(),
    ratios: line.ratios.map(String),
    asset: line.asset,
    ...(line.model && { model: line.model }),
    ...(line.note && { note: line.note }),
  }
}

function isUsageField(name: string): name is UsageField {
  return (usageFields as readonly string[]).includes(name)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrongField(name: string, expected: string): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    message: `The usage field "${name}" has to be ${expected}.`,
    param: `/${name}`,
  })
}
