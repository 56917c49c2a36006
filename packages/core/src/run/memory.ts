import { pipeline, Readable, Transform } from 'node:stream'
import { createSseReader } from '@gantry/wire'
import type { Json, JsonObject } from '../model/index.ts'
import type { Awaitable, ConversationMemory, KvStore } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import { account as accountKey } from '../keys.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import type { Runtime } from './runtime.ts'

/** An answer as it is kept: what the client saw, and everything that was sent to get it. */
export interface KeptAnswer {
  readonly body: JsonObject
  readonly sent: readonly Json[]
  /** What a client sends back of it. */
  readonly items: readonly Json[]
}

/** Keeps the answer of one request. */
export interface Remembering {
  readonly isKept: boolean
  /** Passes an answer on once it is kept: a client may continue it as soon as it has seen its end. */
  keep(answer: Answer): Promise<Answer>
}

/** Largest conversation that is kept, in bytes of JSON. */
const mostBytes = 16 * 1024 * 1024

/** What JSON takes once it is parsed, and written again for an upstream, for each of its bytes. */
const parsedSize = 4

/** Ids come from clients; ours are shorter. */
const mostIdLength = 128

/**
 * Puts what an earlier answer knew in front of a request that continues it, and says how to keep this one's answer.
 * Undefined where the memory has no part in the request. Throws `GatewayError` for an earlier answer that is not there.
 */
export async function recall(journey: Journey, memory: ConversationMemory): Promise<Remembering | undefined> {
  const { runtime, wire } = journey
  const body = wire.json()
  const { previous, keep } = memory.asks(body)
  const isKept = keep && memory.keepMs !== undefined
  if (previous === undefined && !isKept) return undefined
  let sent = memory.items(body)
  if (previous !== undefined) {
    const earlier = memory.keepMs === undefined ? undefined : await findKept(journey, previous)
    if (!earlier) throw memory.notFound(previous.slice(0, mostIdLength))
    sent = [...earlier.sent, ...earlier.items, ...sent]
  }
  // Also where nothing came before: what is kept has to be what can be sent back.
  wire.replace(memory.withItems(body, sent))
  return {
    isKept,
    async keep(answer) {
      if (!isKept) return answer
      const note = (found: JsonObject): Promise<void> | undefined => {
        const finished = memory.answer(found)
        return finished && write(journey, memory, finished.id, { ...finished, sent })
      }
      if (answer.body instanceof Readable)
        return { ...answer, body: tapped(runtime, answer.body, memory.mark, note) }
      if (answer.status === 200 && answer.body !== undefined) await note(parse(String(answer.body)))
      return answer
    },
  }
}

/** The kept answer of this account with this id. */
export async function findKept(journey: Journey, id: string): Promise<KeptAnswer | undefined> {
  if (id.length > mostIdLength) return undefined
  const bytes = await asked(journey, (kv, account) => kv.get(account, nameOf(journey, id)))
  if (!bytes) return undefined
  // A few bytes of a client may bring many megabytes back.
  journey.hold(bytes.byteLength * parsedSize)
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as KeptAnswer
}

/** Removes a kept answer; what continued it keeps its own copy of the conversation. */
export async function forget(journey: Journey, id: string): Promise<void> {
  await asked(journey, (kv, account) => kv.delete(account, nameOf(journey, id)))
}

/** A store that is away or silent says nothing about an answer: whether it was kept is not known. */
async function asked<T>(journey: Journey, work: (kv: KvStore, account: string) => Awaitable<T>): Promise<T> {
  const { runtime, context } = journey
  try {
    return await inTime(runtime, () => work(kvOf(runtime), accountOf(journey)))
  } catch (cause) {
    runtime.logger.error('kept answers cannot be reached', { id: context.id, cause })
    throw new GatewayError({
      class: 'overloaded',
      code: 'memory_unavailable',
      message: 'Kept responses cannot be reached right now.',
    })
  }
}

async function inTime<T>(runtime: Runtime, work: () => Awaitable<T>): Promise<T> {
  const made = work()
  return isThenable(made) ? withDeadline(made, runtime.deadlines.memory, 'the store of kept answers') : made
}

async function write(
  journey: Journey,
  memory: ConversationMemory,
  id: string,
  { body, sent, items }: KeptAnswer,
): Promise<void> {
  const { runtime, context } = journey
  try {
    const bytes = Buffer.from(JSON.stringify({ body, sent, items } satisfies KeptAnswer))
    if (bytes.byteLength > mostBytes) throw new Error(`the conversation has ${bytes.byteLength} bytes`)
    const options = { ttlMs: memory.keepMs ?? 0 }
    await inTime(runtime, () => kvOf(runtime).put(accountOf(journey), nameOf(journey, id), bytes, options))
  } catch (cause) {
    // The answer is paid for and good: it is not taken back because nobody can remember it.
    runtime.logger.error('an answer could not be kept', { id: context.id, cause })
  }
}

/** The same stream; the chunk that holds the end waits until the answer is kept. */
function tapped(
  runtime: Runtime,
  body: Readable,
  mark: string,
  note: (message: JsonObject) => Promise<void> | undefined,
): Readable {
  let kept: Promise<void> | undefined
  const reader = createSseReader((frame) => {
    // Parsing every delta would cost more than the rest of the stream.
    if (frame.data.includes(mark)) kept ??= note(parse(frame.data))
  })
  const look = (work: () => void, done: (error?: Error | null, chunk?: unknown) => void, chunk?: unknown) => {
    try {
      work()
    } catch (cause) {
      runtime.logger.error('an answer could not be read to keep it', { cause })
    }
    if (kept === undefined) done(null, chunk)
    else void kept.then(() => done(null, chunk))
  }
  const tap = new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => look(() => reader.push(chunk), done, chunk),
    flush: (done) => look(() => reader.end(), done),
  })
  // Both ends fall together; how the stream ended is the pump's to say.
  pipeline(body, tap, () => {})
  return tap
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
  } catch {
    return {}
  }
}

function kvOf(runtime: Runtime): KvStore {
  return runtime.host.use('kv')
}

/** Without an auth plugin everybody is the same account. */
function accountOf({ context }: Journey): string {
  return context.peek(accountKey) ?? ''
}

function nameOf({ route }: Journey, id: string): string {
  return `answer:${route.protocol}:${id}`
}
