import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './client.ts'
import { type Child, startChild } from './ipc.ts'
import type { LoadResult, TargetRequest } from './load.ts'
import type { Others } from './others.ts'
import type { Row } from './rows.ts'
import { type Listening, type Ready, type ServerArgument, type ServerName, servers } from './servers.ts'
import type { Books } from './servers/gateway.ts'
import type { Seen } from './servers/upstream.ts'
import { type Ask, requestBody } from './wires.ts'

/** A server that takes part in a row. */
export interface Running {
  readonly name: ServerName
  readonly child: Child
  readonly ready: Listening
  /** Requests it was sent. */
  sent: number
}

/** A server that does not, and why. */
export interface LeftOut {
  readonly server: ServerName
  readonly why: string
}

/** The processes of a row. */
export interface Stage {
  readonly row: Row
  readonly upstream: Child
  readonly load: Child
  readonly running: readonly Running[]
  readonly leftOut: readonly LeftOut[]
}

/** What a row asks, without what the server adds. */
export type Question = Omit<Ask, 'wire' | 'model'>

/** Starts processes of their own for a row, and stops them whatever happens. `questions` are known to the load by name. */
export async function onStage<R>(
  row: Row,
  others: Others,
  questions: { readonly [name: string]: Question },
  act: (stage: Stage) => Promise<R>,
): Promise<R> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-bench-'))
  const children: Child[] = []
  const start = async (file: string, argument?: unknown): Promise<Child> => {
    const child = await startChild(file, argument)
    children.push(child)
    return child
  }
  try {
    const upstream = await start('servers/upstream.ts')
    const load = await start('load.ts')
    const started = await everyOne(
      row.servers.map(async (server): Promise<LeftOut | Running> => {
        const kind = servers[server]
        if (kind.package !== undefined && 'missing' in others) return { server, why: others.missing }
        const child = await start(kind.file, {
          upstream: upstream.ready as string,
          directory: await mkdtemp(join(directory, `${server}-`)),
          wires: { client: row.client, upstream: row.upstream },
          ...(kind.size && { size: kind.size }),
          ...('folder' in others && { installed: others.folder }),
        } satisfies ServerArgument)
        const ready = child.ready as Ready
        return { name: server, child, ready: typeof ready === 'string' ? { url: ready } : ready, sent: 0 }
      }),
    )
    const running = started.filter((one) => 'child' in one)
    const leftOut = started.filter((one) => 'why' in one)
    for (const { name, ready } of running) {
      for (const [question, ask] of Object.entries(questions)) {
        const is = targetOf(ready, { ...ask, wire: row.client })
        await load.ask('target', { target: `${name} ${question}`, is } satisfies TargetRequest)
      }
    }
    return await act({ row, upstream, load, running, leftOut })
  } finally {
    await Promise.all(children.map((child) => child.stop()))
    await rm(directory, { recursive: true, force: true })
  }
}

/** Waits for load that was asked for, and checks what came of it: every answer, and the wire it took upstream. */
export async function settled(
  { row, upstream }: Stage,
  server: Running,
  before: Seen,
  load: Promise<LoadResult>,
): Promise<LoadResult> {
  const result = await load
  const where = `${row.name}, ${server.name}`
  server.sent += result.requests
  if (result.failed > 0) {
    throw new Error(`${where}: ${result.failed} requests failed, one with: ${result.failure}`)
  }
  const after = await upstream.ask<Seen>('seen')
  const wire = isRelay(server.name) ? row.client : row.upstream
  const other = wire === 'chat' ? 'messages' : 'chat'
  if (after[wire] - before[wire] !== result.requests || after[other] !== before[other]) {
    throw new Error(
      `${where}: of ${result.requests} requests, not every one took the ${wire} wire upstream once`,
    )
  }
  return result
}

/** What 24 input and 16 output tokens cost at a price of 1 per million and a ratio of 0.8, in billionths. */
const chargePerRequest = 32_000n

/**
 * A gateway that is fast because it forgets to bill or log is no gateway. Settlements end after their answers, so the
 * books get some patience. Gives how many requests are in them.
 */
export async function checkBooks(running: readonly Running[], patienceMs: number = 15_000): Promise<number> {
  let billed = 0
  for (const { name, child, sent } of running) {
    if (servers[name].size === undefined) continue
    const wanted = String(chargePerRequest * BigInt(sent))
    const end = performance.now() + patienceMs
    for (;;) {
      const books = await child.ask<Books>('books')
      const { charged, held, broken, lines } = books
      if (charged === wanted && held === '0' && broken === 0 && lines >= sent) break
      if (performance.now() > end) {
        throw new Error(`the books of ${name} do not add up after ${sent} requests: ${JSON.stringify(books)}`)
      }
      await sleep(100)
    }
    billed += sent
  }
  return billed
}

/** Like `Promise.all`, but one that fails waits for the rest: a process that is still starting could not be stopped. */
async function everyOne<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

function targetOf(ready: Listening, ask: Omit<Ask, 'model'>): Target {
  return {
    url: ready.url,
    headers: ready.headers ?? {},
    keys: ready.keys ?? ['none'],
    bodies: (ready.models ?? ['bench']).map((model) => requestBody({ ...ask, model })),
    wire: ask.wire,
    stream: ask.stream,
    size: ask.answer.size,
  }
}

function isRelay(name: ServerName): boolean {
  return name === 'node-http' || name === 'h3-undici'
}
