import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient, type Exchange, type Target } from './client.ts'
import { serveParent } from './ipc.ts'
import { evenSchedule, openLoop } from './open-loop.ts'
import { percentile } from './statistics.ts'

/** What every question about load names: a target told of before. */
interface Named {
  readonly target: string
}

/** A target under a name. */
export interface TargetRequest extends Named {
  readonly is: Target
}

/** Requests of which the next begins when one ends. */
export interface ClosedRequest extends Named {
  readonly concurrency: number
  /** No request begins after this time. */
  readonly milliseconds: number
  /** At most this many requests begin. */
  readonly requests?: number
}

/** Requests that begin when they are due. */
export interface OpenRequest extends Named {
  /** Requests a second. */
  readonly rate: number
  readonly milliseconds: number
}

/** Streams that are opened and stay open; `release` waits until they have ended. */
export interface HoldRequest extends Named {
  readonly streams: number
}

/** What came of it. Times in milliseconds. */
export interface LoadResult {
  readonly requests: number
  /** Requests that were not answered as they should; the first is described. */
  readonly failed: number
  readonly failure?: string
  readonly p50: number
  readonly p99: number
  /** Of an open loop: requests answered by its end, and how late 99 of 100 were begun at most. */
  readonly inTime?: number
  readonly lateP99?: number
}

const targets = new Map<string, { readonly is: Target; readonly turn: { next: number } }>()
const held: { client: Client; running: Promise<Exchange[]> }[] = []

async function runClosed(load: ClosedRequest): Promise<LoadResult> {
  const client = clientOf(load, load.concurrency)
  const end = performance.now() + load.milliseconds
  const most = load.requests ?? Infinity
  const exchanges: Exchange[] = []
  let begun = 0
  let failed = 0
  async function worker(): Promise<void> {
    while (begun < most && failed < 100 && performance.now() < end) {
      begun++
      const exchange = await client.send()
      if (exchange.problem !== undefined) failed++
      exchanges.push(exchange)
    }
  }
  await Promise.all(Array.from({ length: load.concurrency }, worker))
  await client.close()
  return resultOf(exchanges)
}

async function runOpen(load: OpenRequest): Promise<LoadResult> {
  const client = clientOf(load, 256)
  const exchanges: Exchange[] = []
  const { latencies, lateness, inTime } = await openLoop(
    evenSchedule(load.rate, load.milliseconds),
    async () => void exchanges.push(await client.send()),
    { now: () => performance.now(), sleep: (milliseconds) => sleep(milliseconds) },
  )
  await client.close()
  return {
    ...resultOf(exchanges),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    inTime,
    lateP99: percentile(lateness, 0.99),
  }
}

/** Opens them a few at a time; says how many have begun to answer and what became of those that ended already. */
async function hold(load: HoldRequest): Promise<{ readonly open: number }> {
  const client = clientOf(load, load.streams)
  const running: Promise<Exchange>[] = []
  let open = 0
  async function worker(): Promise<void> {
    while (running.length < load.streams) {
      const { promise: started, resolve } = Promise.withResolvers<void>()
      const one = client.send(() => {
        open++
        resolve()
      })
      running.push(one)
      await Promise.race([started, one])
    }
  }
  await Promise.all(Array.from({ length: 50 }, worker))
  held.push({ client, running: Promise.all(running) })
  return { open }
}

async function release(): Promise<LoadResult> {
  const all = held.splice(0)
  const exchanges = (await Promise.all(all.map(({ running }) => running))).flat()
  await Promise.all(all.map(({ client }) => client.close()))
  return resultOf(exchanges)
}

function clientOf({ target }: Named, connections: number): Client {
  const named = targets.get(target)
  if (named === undefined) throw new Error(`the load knows no ${target}`)
  return createClient(named.is, connections, named.turn)
}

function resultOf(exchanges: readonly Exchange[]): LoadResult {
  const times = exchanges.map(({ begun, answered }) => answered - begun).toSorted((a, b) => a - b)
  const problems = exchanges.flatMap(({ problem }) => problem ?? [])
  return {
    requests: exchanges.length,
    failed: problems.length,
    ...(problems[0] === undefined ? {} : { failure: problems[0] }),
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  }
}

serveParent(
  {},
  {
    target(input) {
      const { target, is } = input as TargetRequest
      targets.set(target, { is, turn: { next: 0 } })
    },
    closed: (input) => runClosed(input as ClosedRequest),
    open: (input) => runOpen(input as OpenRequest),
    hold: (input) => hold(input as HoldRequest),
    release,
  },
  () => {},
)
