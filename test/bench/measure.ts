import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from './ipc.ts'
import type { LoadRequest, LoadResult } from './load.ts'
import type { Usage } from './probe.ts'
import { requestBody, type Row, type ServerName } from './rows.ts'
import type { Books } from './servers/gateway.ts'
import { median, percentile } from './statistics.ts'

/** How long everything runs. */
export interface Plan {
  /** Rounds of every server; their order changes from one to the next. */
  readonly rounds: number
  /** Time in which the requests of one round begin. */
  readonly sliceMs: number
  readonly warmUpMs: number
  /** At most so many requests a slice; no limit where it is absent. */
  readonly requests?: number
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
}

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
    const upstream = (await start('servers/upstream.ts')).ready as string
    const load = await start('load.ts')
    const servers: Running[] = []
    for (const name of row.servers) {
      const child = await start(`servers/${name}.ts`, { upstream, directory })
      const ready = child.ready as string | { url: string; key: string }
      const { url, key } = typeof ready === 'string' ? { url: ready, key: 'none' } : ready
      servers.push({ name, child, url, key, slices: [], sent: 0 })
    }
    const body = requestBody(row)
    for (const server of servers) await runSlice(row, body, load, server, plan, plan.warmUpMs)
    for (let round = 0; round < plan.rounds; round++) {
      const order = [...servers.slice(round % servers.length), ...servers.slice(0, round % servers.length)]
      for (const server of order)
        server.slices.push(await runSlice(row, body, load, server, plan, plan.sliceMs))
    }
    const gateway = servers.find((server) => server.name === 'gateway') as Running
    if (plan.profiles !== undefined) {
      await gateway.child.ask('profile')
      await runSlice(row, body, load, gateway, plan, plan.sliceMs * 3)
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

async function runSlice(
  row: Row,
  body: string,
  load: Child,
  server: Running,
  plan: Plan,
  milliseconds: number,
): Promise<Slice> {
  const before = await server.child.ask<Usage>('usage')
  const result = await load.ask<LoadResult>('run', {
    url: server.url,
    key: server.key,
    body,
    stream: row.stream,
    concurrency: row.concurrency,
    milliseconds,
    ...(plan.requests === undefined ? {} : { requests: plan.requests }),
  } satisfies LoadRequest)
  const after = await server.child.ask<Usage>('usage')
  server.sent += result.requests
  if (result.failed > 0) {
    throw new Error(`${row.name}, ${server.name}: ${result.failed} requests failed, one with: ${result.failure}`)
  }
  return {
    cpu: (after.cpu - before.cpu) / (result.requests * (row.stream ? row.answer.size : 1)),
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
    const isRight = books.charged === wanted && books.held === '0' && books.broken === 0 && books.lines >= sent
    if (isRight) return { requests: sent, charged: books.charged }
    if (performance.now() > end) {
      throw new Error(`the books do not add up after ${sent} requests (${wanted}): ${JSON.stringify(books)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
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
