import { arch, availableParallelism, loadavg, platform, totalmem } from 'node:os'
import type { RowResult } from './measure.ts'
import type { ClosedResult } from './measure-closed.ts'
import type { IdleResult } from './measure-idle.ts'
import type { OpenResult } from './measure-open.ts'
import type { Others } from './others.ts'
import type { Plan } from './plan.ts'
import { servers } from './servers.ts'
import { table } from './table.ts'

/** Every table that has a row, each under its heading. */
export function tablesOf(results: readonly RowResult[]): string {
  const closed = results.filter((result) => result.kind === 'closed')
  const open = results.filter((result) => result.kind === 'open')
  const idle = results.filter((result) => result.kind === 'idle')
  return [
    closed.length > 0 && `## CPU time and memory\n\n${closedTable(closed)}`,
    open.length > 0 && `## Open load\n\n${openTable(open)}`,
    idle.length > 0 && `## Idle streams\n\n${idleTable(idle)}`,
    leftOutOf(results),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** Cores, memory and versions: what a reader needs to compare, nothing that names the machine. */
export function machineShape(): string {
  const { node, v8 } = process.versions
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  return `${availableParallelism()} cores, ${memory} GB, ${platform()} ${arch()}, Node ${node} (V8 ${v8})`
}

/** What a run was, beside what it measured. */
export interface Run {
  readonly results: readonly RowResult[]
  readonly plan: Plan
  readonly others: Others
  readonly loadBefore: number
  readonly seconds: number
}

/** The file that is kept. */
export function resultsPage({ results, plan, others, loadBefore, seconds }: Run): string {
  const compared =
    'missing' in others
      ? 'none'
      : Object.entries(others.versions).map(([name, version]) => `${name} ${version}`)
  return `# Bench results

Written by \`pnpm bench\`; do not edit. How it measures, and what the columns mean: [README.md](README.md).

- Machine: ${machineShape()}; load average ${loadBefore.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after ${seconds.toFixed(0)} s.
- Compared with: ${[compared].flat().join(', ')}.
- Plan: ${plan.name}. ${plan.rounds} rounds of ${plan.sliceMs} ms a server and row, interleaved, after ${plan.warmUpRequests} requests or ${plan.warmUpMs} ms of warm-up; open load ${plan.openRounds} rounds of ${plan.openMs} ms; idle streams ${plan.idleRounds} times. Medians.
- Every answer was checked, and the gateways' ledgers and logs agree with what was sent: ${results.reduce((sum, { billed }) => sum + billed, 0)} requests in all.

${tablesOf(results)}
`
}

function closedTable(results: readonly ClosedResult[]): string {
  const head = [
    'Row',
    'Server',
    'CPU µs',
    'Ratio',
    'To ours',
    'Budget',
    'p50 ms',
    'p99 ms',
    'Peak MB',
    'Kept MB',
    'Requests',
  ]
  const lines = results.flatMap(({ row, servers: all }) =>
    all.map((one) => {
      const budget = one.server === 'gateway' && row.budget !== undefined ? `≤ ${row.budget.toFixed(1)}` : ''
      const lead = row.lead?.server === one.server ? `≥ ${row.lead.times} × ours` : ''
      const isOther = servers[one.server].package !== undefined
      return [
        row.name,
        servers[one.server].title,
        one.cpu.toFixed(1),
        one.ratio?.toFixed(2) ?? '',
        isOther ? (one.toGateway?.toFixed(2) ?? '') : '',
        budget || lead,
        one.p50.toFixed(2),
        one.p99.toFixed(2),
        megabytes(one.peak),
        megabytes(one.kept),
        String(one.requests),
      ]
    }),
  )
  return table(head, lines, 2)
}

function openTable(results: readonly OpenResult[]): string {
  const head = [
    'Row',
    'Server',
    'Answered/s',
    'Held',
    'p50 ms',
    'p99 ms',
    'Added p50',
    'Added p99',
    'Budget',
    'Begun late p99',
    'CPU µs',
    'Requests',
  ]
  const lines = results.flatMap(({ row, servers: all }) =>
    all.map((one) => [
      row.name,
      servers[one.server].title,
      one.answered.toFixed(0),
      one.held ? 'yes' : 'NO',
      one.p50.toFixed(2),
      one.p99.toFixed(2),
      one.added?.p50.toFixed(2) ?? '',
      one.added?.p99.toFixed(2) ?? '',
      one.server === 'gateway' ? `≤ ${row.budget.p50}, ≤ ${row.budget.p99}` : '',
      one.lateP99.toFixed(2),
      one.cpu.toFixed(1),
      String(one.requests),
    ]),
  )
  return table(head, lines, 2)
}

function idleTable(results: readonly IdleResult[]): string {
  const head = ['Row', 'Server', 'KB a stream', 'Ratio', 'Budget', 'of it JavaScript', 'Process MB']
  const lines = results.flatMap(({ row, servers: all }) =>
    all.map((one) => [
      row.name,
      servers[one.server].title,
      (one.rss / 1e3).toFixed(1),
      one.ratio?.toFixed(2) ?? '',
      one.server === 'gateway' ? `≤ ${row.budget}` : '',
      (one.heap / 1e3).toFixed(1),
      megabytes(one.whole),
    ]),
  )
  return table(head, lines, 2)
}

function leftOutOf(results: readonly RowResult[]): string {
  const lines = results.flatMap(({ row, leftOut }) =>
    leftOut.map(({ server, why }) => `- ${row.name}: ${servers[server].title}, ${why}`),
  )
  return `## Left out\n\n${lines.length > 0 ? lines.join('\n') : 'Nothing.'}`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
