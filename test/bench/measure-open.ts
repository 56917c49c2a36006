import type { ClosedRequest, LoadResult, OpenRequest } from './load.ts'
import type { Others } from './others.ts'
import { inTurn, type Plan } from './plan.ts'
import type { Usage } from './probe.ts'
import { type OpenRow, smallAnswer } from './rows.ts'
import type { ServerName } from './servers.ts'
import type { Seen } from './servers/upstream.ts'
import { checkBooks, type LeftOut, onStage, type Question, settled } from './stage.ts'
import { median } from './statistics.ts'

/** What one server did with requests that came on a schedule; medians over the rounds. Times in milliseconds. */
export interface OpenServer {
  readonly server: ServerName
  /** Requests a second that were answered by the end of the schedule, in the worst round. */
  readonly answered: number
  /** Whether that is the rate, but for the requests still under way. */
  readonly held: boolean
  /** From when a request was due until it was answered. */
  readonly p50: number
  readonly p99: number
  /** The same less the relay's of the same round. */
  readonly added?: { readonly p50: number; readonly p99: number }
  /** How late the generator began 99 of 100 requests at most. */
  readonly lateP99: number
  /** Microseconds of CPU time a request. */
  readonly cpu: number
  readonly requests: number
}

/** A row of open load, measured. */
export interface OpenResult {
  readonly kind: 'open'
  readonly row: OpenRow
  readonly servers: readonly OpenServer[]
  readonly leftOut: readonly LeftOut[]
  readonly billed: number
}

type Slice = Omit<OpenServer, 'server' | 'added' | 'held'>

const question: Question = { stream: false, promptCharacters: 40, answer: smallAnswer }

/** What may be under way when the schedule ends, as a share of a second's requests. */
const underWay = 0.03

/** Measures a row. Throws where a server answered wrongly or the books do not add up. */
export async function measureOpen(row: OpenRow, plan: Plan, others: Others): Promise<OpenResult> {
  return onStage(row, others, { all: question }, async (stage) => {
    const slices = new Map<ServerName, Slice[]>()
    const warmUp = { concurrency: 32, milliseconds: plan.warmUpMs, requests: plan.warmUpRequests }
    for (const server of stage.running) {
      const before = await stage.upstream.ask<Seen>('seen')
      const closed = { target: `${server.name} all`, ...warmUp } satisfies ClosedRequest
      await settled(stage, server, before, stage.load.ask<LoadResult>('closed', closed))
      slices.set(server.name, [])
    }
    const open = { rate: row.rate, milliseconds: plan.openMs }
    for (let round = 0; round < plan.openRounds; round++) {
      for (const server of inTurn(stage.running, round)) {
        const before = await stage.upstream.ask<Seen>('seen')
        const used = await server.child.ask<Usage>('usage')
        const load = { target: `${server.name} all`, ...open } satisfies OpenRequest
        const {
          requests,
          p50,
          p99,
          inTime = 0,
          lateP99 = 0,
        } = await settled(stage, server, before, stage.load.ask<LoadResult>('open', load))
        const { cpu } = await server.child.ask<Usage>('usage')
        const answered = inTime / (plan.openMs / 1000)
        slices
          .get(server.name)
          ?.push({ requests, p50, p99, answered, lateP99, cpu: (cpu - used.cpu) / requests })
      }
    }
    const billed = await checkBooks(stage.running)
    const floor = slices.get('h3-undici')
    const results = [...slices].map(([server, own]) => summary(server, own, floor, row, plan))
    return { kind: 'open', row, servers: results, leftOut: stage.leftOut, billed }
  })
}

function summary(
  server: ServerName,
  slices: readonly Slice[],
  floor: readonly Slice[] | undefined,
  row: OpenRow,
  plan: Plan,
): OpenServer {
  const answered = Math.min(...slices.map((slice) => slice.answered))
  const addedAt = (share: 'p50' | 'p99'): number =>
    median(slices.map((slice, round) => slice[share] - (floor?.[round]?.[share] ?? NaN)))
  return {
    server,
    answered,
    held: answered >= row.rate * (1 - underWay / (plan.openMs / 1000)),
    p50: median(slices.map((slice) => slice.p50)),
    p99: median(slices.map((slice) => slice.p99)),
    ...(floor && { added: { p50: addedAt('p50'), p99: addedAt('p99') } }),
    lateP99: median(slices.map((slice) => slice.lateP99)),
    cpu: median(slices.map((slice) => slice.cpu)),
    requests: slices.reduce((sum, slice) => sum + slice.requests, 0),
  }
}
