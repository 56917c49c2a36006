import { arch, availableParallelism, loadavg, platform, totalmem } from 'node:os'
import type { Measured, MeasuredRow, Plan } from './measure.ts'

const titles: { readonly [server in Measured['server']]: string } = {
  'node-http': 'bare node:http',
  'h3-undici': 'bare h3 + undici',
  gateway: 'gateway',
}

/** The table of ratios, one line a row and server. */
export function tableOf(measured: readonly MeasuredRow[]): string {
  const head = ['Row', 'Server', 'CPU µs', 'Ratio', 'Budget', 'p50 ms', 'p99 ms', 'RSS MB', 'Requests']
  const lines = measured.flatMap(({ row, servers }) =>
    servers.map((one) => [
      row.name,
      titles[one.server],
      one.cpu.toFixed(1),
      one.ratio.toFixed(2),
      one.server === 'gateway' && row.budget !== undefined ? row.budget.toFixed(1) : '',
      one.p50.toFixed(2),
      one.p99.toFixed(2),
      (one.rss / 1e6).toFixed(0),
      String(one.requests),
    ]),
  )
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] as string).length)),
  )
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [format(head), format(rule), ...lines.map(format)].join('\n')
}

/** Cores, memory and versions: what a reader needs to compare, nothing that names the machine. */
export function machineShape(): string {
  const { node, v8 } = process.versions
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  return `${availableParallelism()} cores, ${memory} GB, ${platform()} ${arch()}, Node ${node} (V8 ${v8})`
}

/** The file that is kept. */
export function resultsPage(measured: readonly MeasuredRow[], plan: Plan, loadBefore: number): string {
  return `# Bench results

Written by \`pnpm bench\`; do not edit. How it measures: [README.md](README.md).

- Machine: ${machineShape()}; load average ${loadBefore.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after.
- Plan: ${plan.rounds} rounds of ${plan.sliceMs} ms a server and row, interleaved, after ${plan.warmUpRequests} requests or ${plan.warmUpMs} ms of warm-up. Medians.
- CPU is user and system time of the server's whole process, per request; in rows of streams per paced event while all streams run.
- Ratio is that time over the bare h3 + undici relay's of the same round. Compare ratios; the rest is the machine's.
- p50 and p99 are of the closed loop; of a stream, until its first byte.
- Requests under way at a time: ${[...new Set(measured.map(({ row }) => row.concurrency))].join(' or ')}.
- Every answer was checked, and the gateway's ledger and log agree with what was sent: ${measured
    .map(({ billed }) => billed.requests)
    .reduce((sum, one) => sum + one, 0)} requests in all.

${tableOf(measured)}
`
}
