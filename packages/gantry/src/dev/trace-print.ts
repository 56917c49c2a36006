import { chargeOf, formatAmount } from '@gantry/ledger'
import type { RequestTrace, TraceEntry } from '@gantry/core'

/** Bodies are shown up to this length; the record has more. */
const shownBytes = 2000

/** One request as a person reads it: what came, every moment, what went out beside it, and what it cost. */
export function traceLines(trace: RequestTrace): readonly string[] {
  const { id, model, client, targets, dropped, attempts, losses, lines } = trace
  const first = trace.firstOutputMs === undefined ? '' : `, first output after ${round(trace.firstOutputMs)}`
  const how = trace.relayed === undefined ? '' : trace.relayed ? ', bytes relayed' : ', converted'
  return [
    `── ${id}  ${trace.protocol} ${trace.operation} ${model}`,
    `   ${trace.outcome} ${trace.status} in ${round(trace.ms)}${first}${how}`,
    `   client      ${client.method} ${client.path}`,
    ...indented(client.body),
    ...trace.entries.flatMap(entryLines),
    ...targets.map(
      (one) => `   route       ${one.provider}/${one.model} over ${one.protocol}${why(one.why)}`,
    ),
    ...dropped.map(
      ({ target, why: reason }) => `   dropped     ${target.provider}/${target.model}: ${reason}`,
    ),
    ...attempts.map(
      ({ target, error, ms }, index) =>
        `   attempt ${index + 1}   ${target.provider}/${target.model} ${error ?? 'answered'} (${round(ms)})`,
    ),
    ...losses.map(
      (loss) => `   loss        ${loss.how} ${loss.what} at ${loss.pointer || '/'} for ${loss.target}`,
    ),
    ...lines.map(
      (line) =>
        `   price       ${line.rule}: ${line.quantity} ${line.item} × ${line.unitPrice} pico${line.ratios.map((ratio) => ` × ${Number(ratio) / 1e6}`).join('')} ${line.asset}`,
    ),
    ...(lines.length > 0 ? [`   cost        ${formatAmount(chargeOf(lines))} ${lines[0]?.asset ?? ''}`] : []),
  ]
}

function entryLines(entry: TraceEntry): readonly string[] {
  const at = `+${round(entry.at)}`.padEnd(11)
  if (entry.kind === 'upstream-request') {
    const way = entry.spliced ? 'the client’s bytes, spliced' : 'encoded'
    return [
      `   ${at} → POST ${entry.url} (${entry.target.protocol}, ${way})`,
      ...Object.entries(entry.headers).map(([name, value]) => `               ${name}: ${value}`),
      ...indented(entry.body),
    ]
  }
  const result = entry.result === undefined ? '' : `, ${entry.result}`
  return [
    `   ${at} ${entry.moment} · ${entry.plugin} (${round(entry.ms)}${result})`,
    ...entry.changed.map((change) => `               ${change}`),
  ]
}

function indented(text: string): readonly string[] {
  if (text === '') return []
  const shown =
    text.length > shownBytes ? `${text.slice(0, shownBytes)}… (${text.length - shownBytes} more)` : text
  return shown.split('\n').map((line) => `               ${line}`)
}

function why(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${reason})`
}

function round(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
