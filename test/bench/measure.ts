import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from './ipc.ts'
import type { LoadRequest, LoadResult } from './load.ts'
import type { Usage } from './probe.ts'
import { requestBody, type Row, type ServerName, streamWindow } from './rows.ts'
import type { Books } from './servers/gateway.ts'
import { median, percentile } from './statistics.ts'

/** How long everything runs. */
export interface Plan {
  /** Rounds of every server; their order changes from one to the next. */
  readonly rounds: number
  /** Time in which the requests of one round begin. */
  readonly sliceMs: number
  /** Before the rounds every server gets so many requests, so that its code is compiled, or so much time. */
  readonly warmUpMs: number
  readonly warmUpRequests: number
  /** A folder for one CPU profile of the gateway a row, taken in a slice of its own after the rounds. */
  readonly profiles?: string
}

/** What one server needed for one row; medians over the rounds. */
export interface Measured {
  readonly server: ServerName
  /** Microseconds of CPU time a request, or an event of a stream. */
  readonly cpu: number
  /** CPU time as a ratio to the h3 + undici relay of the same round. */
  readonly ratio: number
  /** Milliseconds; of a stream until its first byte. */
  readonly p50: number
  readonly p99: number
  /** Largest resident memory seen at the end of a round, in bytes. */
  readonly rss: number
  readonly requests: number
}

/** A row, measured. */
export interface MeasuredRow {
  readonly row: Row
  readonly servers: readonly Measured[]
  /** What the gateway's books say about everything it was sent. */
  readonly billed: { readonly requests: number; readonly charged: string }
}

interface Running {
  readonly name: ServerName
  readonly child: Child
  readonly url: string
  readonly key: string
  readonly slices: Slice[]
  sent: number
  /** Between slices a server rests: what it has used after one is what it has used before the next. */
  last: Usage
}

/** What all slices of a row share. */
interface Bench {
  readonly row: Row
  readonly upstream: Child
  readonly load: Child
  readonly body: string
}

type Bound = Pick<LoadRequest, 'milliseconds' | 'requests'>

interface Slice {
  readonly cpu: number
  readonly p50: number
  readonly p99: number
  readonly rss: number
  readonly requests: number
}

/** What 24 input and 16 output tokens cost at a price of 1 per million and a ratio of 0.8, in billionths. */
const chargePerRequest = 32_000n

/** Measures one row with processes of its own. Throws where a server answered wrongly or the books do not add up. */
export async function measureRow(row: Row, plan: Plan): Promise<MeasuredRow> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-bench-'))
  const children: Child[] = []
  const start = async (file: string, argument?: unknown): Promise<Child> => {
    const child = await startChild(file, argument)
    children.push(child)
    return child
  }
  try {
    const upstream = await start('servers/upstream.ts')
    const bench: Bench = { row, upstream, load: await start('load.ts'), body: requestBody(row) }
    const servers = await Promise.all(
      row.servers.map(async (name): Promise<Running> => {
        const child = await start(`servers/${name}.ts`, { upstream: upstream.ready, directory })
        const ready = child.ready as string | { url: string; key: string }
        const { url, key } = typeof ready === 'string' ? { url: ready, key: 'none' } : ready
        return { name, child, url, key, slices: [], sent: 0, last: await child.ask('usage') }
      }),
    )
    const warmUp = { milliseconds: plan.warmUpMs, requests: plan.warmUpRequests }
    for (const server of servers) await runSlice(bench, server, warmUp)
    // Of a paced stream one generation a round: its length is the row's own.
    const slice: Bound = row.stream
      ? { milliseconds: plan.sliceMs, requests: row.concurrency }
      : { milliseconds: plan.sliceMs }
    for (let round = 0; round < plan.rounds; round++) {
      const order = [...servers.slice(round % servers.length), ...servers.slice(0, round % servers.length)]
      for (const server of order) server.slices.push(await runSlice(bench, server, slice))
    }
    const gateway = servers.find((server) => server.name === 'gateway') as Running
    if (plan.profiles !== undefined) {
      await gateway.child.ask('profile')
      await runSlice(bench, gateway, { milliseconds: plan.sliceMs * 3 })
      const file = `${row.name.replaceAll(/[^a-z0-9]+/g, '-')}.cpuprofile`
      await gateway.child.ask('profiled', join(plan.profiles, file))
    }
    const billed = await checkBooks(gateway)
    return { row, servers: summarise(servers), billed }
  } finally {
    for (const child of children.toReversed()) await child.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function runSlice(bench: Bench, server: Running, bound: Bound): Promise<Slice> {
  const { row, load, upstream } = bench
  const running = load.ask<LoadResult>('run', {
    url: server.url,
    key: server.key,
    body: bench.body,
    stream: row.stream,
    concurrency: row.concurrency,
    ...bound,
  } satisfies LoadRequest)
  // Its failure is seen below, whatever else fails first.
  running.catch(() => {})
  const usage = (): Promise<Usage> => server.child.ask('usage')
  const pieces = (): Promise<number> => upstream.ask('pieces')
  let before = server.last
  let after: Usage | undefined
  let count = 0
  if (row.stream) {
    // Events are measured while all streams run: what a request costs has rows of its own.
    await sleep(streamWindow.from)
    const first = await pieces()
    before = await usage()
    await sleep(streamWindow.to - streamWindow.from)
    count = (await pieces()) - first
    after = await usage()
  }
  const result = await running
  server.last = await usage()
  after ??= server.last
  if (!row.stream) count = result.requests
  server.sent += result.requests
  if (result.failed > 0) {
    throw new Error(
      `${row.name}, ${server.name}: ${result.failed} requests failed, one with: ${result.failure}`,
    )
  }
  return {
    cpu: (after.cpu - before.cpu) / count,
    p50: percentile(result.latencies, 0.5),
    p99: percentile(result.latencies, 0.99),
    rss: after.rss,
    requests: result.requests,
  }
}

/** A gateway that is fast because it forgets to bill or log is no gateway. */
async function checkBooks({ child, sent }: Running): Promise<MeasuredRow['billed']> {
  const wanted = String(chargePerRequest * BigInt(sent))
  const end = performance.now() + 15_000
  for (;;) {
    const books = await child.ask<Books>('books')
    const isRight =
      books.charged === wanted && books.held === '0' && books.broken === 0 && books.lines >= sent
    if (isRight) return { requests: sent, charged: books.charged }
    if (performance.now() > end) {
      throw new Error(`the books do not add up after ${sent} requests (${wanted}): ${JSON.stringify(books)}`)
    }
    await sleep(200)
  }
}

function summarise(servers: readonly Running[]): readonly Measured[] {
  const floor = servers.find((server) => server.name === 'h3-undici') as Running
  return servers.map(({ name, slices }) => ({
    server: name,
    cpu: median(slices.map((slice) => slice.cpu)),
    ratio: median(slices.map((slice, round) => slice.cpu / (floor.slices[round] as Slice).cpu)),
    p50: median(slices.map((slice) => slice.p50)),
    p99: median(slices.map((slice) => slice.p99)),
    rss: Math.max(...slices.map((slice) => slice.rss)),
    requests: slices.reduce((sum, slice) => sum + slice.requests, 0),
  }))
}
