import { group, key, type SettleContext } from '@gantry/core'
import { chargeOf, formatAmount, linesByAsset } from '@gantry/ledger'
import { plain } from '../cli/print.ts'

/**
 * One request on one line: time, key, group, model → target, time to first token, tokens in and out, cost, outcome.
 * Names come from clients, so control characters are taken out.
 */
export function requestLine(context: SettleContext): string {
  const { model, target, firstOutputMs, ms, status, outcome, relayed, error } = context
  const record = context.peek(key)
  const to = target ? `${target.provider}/${target.model}` : 'no target'
  const how = relayed === undefined ? '' : relayed ? ' relayed' : ' converted'
  return [
    context.receivedAt.toISOString().slice(11, 19),
    plain(record?.name ?? record?.id ?? 'no key'),
    plain(context.peek(group) ?? 'no group'),
    `${plain(model || context.operation)} → ${plain(to)}${how}`,
    `ttft ${firstOutputMs === undefined ? '-' : `${Math.round(firstOutputMs)} ms`}`,
    tokensOf(context),
    costOf(context),
    `${outcome} ${status}${error ? ` ${error.class}` : ''} in ${Math.round(ms)} ms`,
  ].join('  ')
}

function tokensOf({ usage }: SettleContext): string {
  let input = 0
  let output = 0
  for (const [bucket, count] of Object.entries(usage.tokens)) {
    if (bucket.startsWith('output') || bucket === 'reasoning') output += count ?? 0
    else input += count ?? 0
  }
  return `${input} in ${output} out`
}

function costOf({ lines }: SettleContext): string {
  if (lines.length === 0) return 'no price'
  const parts = [...linesByAsset(lines)].map(([asset, part]) => `${formatAmount(chargeOf(part))} ${asset}`)
  return parts.join(' + ')
}
