import { setTimeout as sleep } from 'node:timers/promises'
import type { ClosedRequest, HoldRequest, LoadResult } from './load.ts'
import type { Others } from './others.ts'
import type { Plan } from './plan.ts'
import type { Kept } from './probe.ts'
import type { IdleRow } from './rows.ts'
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

/** What an idle stream costs one server; medians over the rounds. In bytes. */
export interface IdleServer {
  readonly server: ServerName
  /** Growth of resident memory a stream, garbage collected before and after. */
  readonly rss: number
  /** Growth of the JavaScript heap and its buffers a stream. */
  readonly heap: number
  /** Resident memory a stream as a ratio to the relay of the same round. */
  readonly ratio?: number
  /** Resident memory of the process with all streams open. */
  readonly whole: number
}

/** A row of idle streams, measured. */
export interface IdleResult {
  readonly kind: 'idle'
  readonly row: IdleRow
  readonly servers: readonly IdleServer[]
  readonly leftOut: readonly LeftOut[]
  readonly billed: number
}

type Round = Pick<IdleServer, 'server' | 'rss' | 'heap' | 'whole'>

const idle: Question = { stream: true, promptCharacters: 40, answer: { kind: 'hold', size: 3, paceMs: 0 } }
const warmUp: Question = { ...idle, answer: { kind: 'answer', size: 3, paceMs: 1 } }

/** Measures a row, each round on fresh processes. Throws where a stream is missing or not ended as it should be. */
export async function measureIdle(row: IdleRow, plan: Plan, others: Others): Promise<IdleResult> {
  const rounds: (readonly Round[])[] = []
  let leftOut: readonly LeftOut[] = []
  let billed = 0
  for (let round = 0; round < plan.idleRounds; round++) {
    rounds.push(
      await onStage(row, others, { idle, 'warm-up': warmUp }, async (stage) => {
        const results: Round[] = []
        for (const server of stage.running) results.push(await measureServer(stage, server, row.streams))
        billed += await checkBooks(stage.running)
        leftOut = stage.leftOut
        return results
      }),
    )
  }
  const names = rounds[0]?.map(({ server }) => server) ?? []
  return { kind: 'idle', row, servers: names.map((name) => summary(name, rounds)), leftOut, billed }
}

async function measureServer(stage: Stage, server: Running, streams: number): Promise<Round> {
  const { upstream, load } = stage
  // A few streams first: code and pools are there before, and are no memory of a stream.
  const seen = await upstream.ask<Seen>('seen')
  const few = { target: `${server.name} warm-up`, concurrency: 50, milliseconds: 10_000, requests: 200 }
  await settled(stage, server, seen, load.ask<LoadResult>('closed', few satisfies ClosedRequest))

  const before = await server.child.ask<Kept>('kept')
  const again = await upstream.ask<Seen>('seen')
  const many = { target: `${server.name} idle`, streams } satisfies HoldRequest
  const { open } = await load.ask<{ readonly open: number }>('hold', many)
  await sleep(200)
  const after = await server.child.ask<Kept>('kept')
  await upstream.ask('release')
  await settled(stage, server, again, load.ask<LoadResult>('release'))
  if (open !== streams) throw new Error(`${server.name}: ${open} streams are open instead of ${streams}`)
  return {
    server: server.name,
    rss: (after.rss - before.rss) / streams,
    heap: (after.heap - before.heap) / streams,
    whole: after.rss,
  }
}

function summary(server: ServerName, rounds: readonly (readonly Round[])[]): IdleServer {
  const of = (round: readonly Round[], name: ServerName): Round | undefined =>
    round.find((one) => one.server === name)
  const own = rounds.flatMap((round) => of(round, server) ?? [])
  const ratios = rounds.flatMap((round) => {
    const [mine, floor] = [of(round, server), of(round, 'h3-undici')]
    return mine && floor && floor.rss > 0 ? [mine.rss / floor.rss] : []
  })
  return {
    server,
    rss: median(own.map(({ rss }) => rss)),
    heap: median(own.map(({ heap }) => heap)),
    ...(ratios.length > 0 && { ratio: median(ratios) }),
    whole: median(own.map(({ whole }) => whole)),
  }
}
