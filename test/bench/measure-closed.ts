import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClosedRequest, LoadResult } from './load.ts'
import type { Others } from './others.ts'
import { inTurn, type Plan } from './plan.ts'
import type { Kept, Usage } from './probe.ts'
import { type ClosedRow, streamWindow } from './rows.ts'
import type { ServerName } from './servers.ts'
import type { Seen } from './servers/upstream.ts'
import {
  checkBooks,
  type LeftOut,
  onStage,
  type Question,
  type Running,
  settled,
  type Stage,
} from './stage.ts'
import { median } from './statistics.ts'

/** What one server needed for one row; medians over the rounds. */
export interface ClosedServer {
  readonly server: ServerName
  /** Microseconds of CPU time a request, or an event of a stream. */
  readonly cpu: number
  /** CPU time as a ratio to the server beside it in the same round; absent when that one was left out. */
  readonly ratio?: number
  /** The same beside the gateway. */
  readonly toGateway?: number
  /** Milliseconds; of a stream until its first byte. */
  readonly p50: number
  readonly p99: number
  /** Most resident memory the process ever had, and what it kept after its garbage was collected, in bytes. */
  readonly peak: number
  readonly kept: number
  readonly requests: number
}

/** A row of CPU time, measured. */
export interface ClosedResult {
  readonly kind: 'closed'
  readonly row: ClosedRow
  readonly servers: readonly ClosedServer[]
  readonly leftOut: readonly LeftOut[]
  /** Requests that are in the gateways' books, each at its price. */
  readonly billed: number
}

interface Slice {
  readonly cpu: number
  readonly p50: number
  readonly p99: number
  readonly requests: number
}

/** Between slices a server rests: what it has used after one is what it has used before the next. */
interface Measured extends Running {
  readonly slices: Slice[]
  last: Usage
}

/** Measures a row. Throws where a server answered wrongly or the books do not add up. */
export async function measureClosed(given: ClosedRow, plan: Plan, others: Others): Promise<ClosedResult> {
  const row = given.stream ? { ...given, answer: { ...given.answer, size: plan.pieces } } : given
  const question: Question = row
  // Without a pace streams warm up in a fraction of the time.
  const warmUp: Question = { ...row, answer: { ...row.answer, paceMs: Math.min(1, row.answer.paceMs) } }
  return onStage(row, others, { slice: question, 'warm-up': warmUp }, async (stage) => {
    const measured: Measured[] = []
    const requests = row.stream ? plan.warmUpRequests / 20 : plan.warmUpRequests
    for (const server of stage.running) {
      await closedLoad(stage, server, 'warm-up', { milliseconds: plan.warmUpMs, requests })
      // The same object: what it is sent is counted in it.
      measured.push(Object.assign(server, { slices: [], last: await server.child.ask<Usage>('usage') }))
    }
    const rounds = row.stream ? plan.streamRounds : plan.rounds
    for (let round = 0; round < rounds; round++) {
      for (const server of inTurn(measured, round))
        server.slices.push(await measureSlice(stage, row, server, plan))
    }
    await profileGateway(stage, plan)
    const billed = await checkBooks(stage.running)
    const results = await Promise.all(measured.map((server) => summary(server, row, measured)))
    return { kind: 'closed', row: given, servers: results, leftOut: stage.leftOut, billed }
  })
}

type Bound = Pick<ClosedRequest, 'milliseconds' | 'requests'>

async function closedLoad(
  stage: Stage,
  server: Running,
  question: string,
  bound: Bound,
): Promise<LoadResult> {
  const { concurrency } = stage.row as ClosedRow
  const target = `${server.name} ${question}`
  const before = await stage.upstream.ask<Seen>('seen')
  const load = stage.load.ask<LoadResult>('closed', { target, concurrency, ...bound } satisfies ClosedRequest)
  return settled(stage, server, before, load)
}

async function measureSlice(stage: Stage, row: ClosedRow, server: Measured, plan: Plan): Promise<Slice> {
  // Of a paced stream one generation a round: its length is the row's own.
  const bound = { milliseconds: plan.sliceMs, ...(row.stream && { requests: row.concurrency }) }
  const running = closedLoad(stage, server, 'slice', bound)
  // Its failure is seen below, whatever else fails first.
  running.catch(() => {})
  const usage = (): Promise<Usage> => server.child.ask('usage')
  const pieces = async (): Promise<number> => (await stage.upstream.ask<Seen>('seen')).pieces
  let cpu = 0
  let events = 0
  if (row.stream) {
    const { from, to } = streamWindow(row)
    await sleep(from)
    const first = await pieces()
    const before = await usage()
    await sleep(to - from)
    events = (await pieces()) - first
    cpu = (await usage()).cpu - before.cpu
  }
  const { requests, p50, p99 } = await running
  const after = await usage()
  if (!row.stream) cpu = after.cpu - server.last.cpu
  server.last = after
  return { cpu: cpu / (row.stream ? events : requests), p50, p99, requests }
}

async function profileGateway(stage: Stage, plan: Plan): Promise<void> {
  const gateway = stage.running.find(({ name }) => name === 'gateway')
  if (gateway === undefined || plan.profiles === undefined) return
  await gateway.child.ask('profile')
  await closedLoad(stage, gateway, 'slice', { milliseconds: plan.sliceMs * 3 })
  const file = `${stage.row.name.replaceAll(/[^a-z0-9]+/g, '-')}.cpuprofile`
  await gateway.child.ask('profiled', join(plan.profiles, file))
}

async function summary(server: Measured, row: ClosedRow, all: readonly Measured[]): Promise<ClosedServer> {
  const { name, child, slices } = server
  const ratioTo = (other: ServerName): number | undefined => {
    const floor = all.find((one) => one.name === other)?.slices
    return floor && median(slices.map(({ cpu }, round) => cpu / (floor[round] as Slice).cpu))
  }
  const { peak } = await child.ask<Usage>('usage')
  const ratio = ratioTo(row.beside)
  const toGateway = ratioTo('gateway')
  return {
    server: name,
    cpu: median(slices.map((slice) => slice.cpu)),
    ...(ratio !== undefined && { ratio }),
    ...(toGateway !== undefined && { toGateway }),
    p50: median(slices.map((slice) => slice.p50)),
    p99: median(slices.map((slice) => slice.p99)),
    peak,
    kept: (await child.ask<Kept>('kept')).rss,
    requests: slices.reduce((sum, slice) => sum + slice.requests, 0),
  }
}
