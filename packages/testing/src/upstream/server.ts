import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { listenOnLoopback } from './listen.ts'
import { createRandom } from '../random.ts'
import type { Replier, Reply, SeenRequest } from './reply.ts'
import { sendReply, type SendLog } from './send.ts'

/** One request as the upstream saw it, and how its answer went. Fields change while the answer is under way. */
export interface UpstreamRequest extends SeenRequest {
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly text: string
  /** The body parsed; throws when it is not JSON. */
  json(): unknown
  /** Which connection it came over, counted from 1. */
  readonly connection: number
  /** The client went before its answer was whole. */
  readonly closedEarly: boolean
  /** Bytes of the answer's body handed to the socket. */
  readonly bytesWritten: number
  /** How often the upstream had to wait because the client did not read. */
  readonly pauses: number
  /** Resolves when the answer is whole or the client is gone. */
  readonly done: Promise<void>
}

/** A real HTTP server on loopback that answers as scripted. */
export interface FakeUpstream {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Every request, in order of arrival of its head. */
  readonly requests: readonly UpstreamRequest[]
  /** Adds answers to the queue. */
  reply(...replies: readonly Reply[]): void
  /** Answers every request from now on, after the queue is empty. */
  replyWith(replier: Replier): void
  /** Waits for the request of this number (from 0); rejects after `timeoutMs`, 5 s by default. */
  request(index: number, timeoutMs?: number): Promise<UpstreamRequest>
  /** Connections open now. */
  readonly connections: number
  /** Ends everything: open answers are cut, nothing is left running. */
  close(): Promise<void>
}

/** How to make an upstream. */
export interface FakeUpstreamOptions {
  readonly replies?: readonly Reply[]
  /** Answers once the replies are used up. */
  readonly replier?: Replier
  /** For random slices; 1 by default. */
  readonly seed?: number
}

/** Starts a scripted upstream. A request that nothing is scripted for is answered 500 and says so. */
export async function createFakeUpstream(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  const queue: Reply[] = [...(options.replies ?? [])]
  let replier = options.replier
  const random = createRandom(options.seed ?? 1)
  const requests: UpstreamRequest[] = []
  const waiting = new Set<() => void>()
  /** Requests whose body has arrived. */
  const received = new Set<UpstreamRequest>()
  const sockets = new Map<Socket, number>()
  const open = new Set<SendLog>()
  let connectionCount = 0

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const index = requests.length
    const controller = new AbortController()
    const log: SendLog = { bytesWritten: 0, pauses: 0, endedByUs: false }
    open.add(log)
    const closed = new Promise<void>((resolve) => {
      response.once('close', () => {
        open.delete(log)
        controller.abort()
        resolve()
      })
    })
    const record = recordOf(incoming, sockets.get(incoming.socket) ?? 0, log, response, closed)
    requests.push(record)
    record.body = await readBody(incoming)
    received.add(record)
    for (const wake of waiting) wake()
    const reply = queue.shift() ?? (await replier?.(record, index)) ?? unscripted(index)
    await sendReply(response, reply, log, random, controller.signal)
  }

  const server = createServer({ requestTimeout: 0, headersTimeout: 0 }, (incoming, response) => {
    response.on('error', ignore)
    handle(incoming, response).catch((error: unknown) => {
      // A script that throws must not look like an upstream that hangs.
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end(`fake upstream: ${String(error)}`)
    })
  })
  server.on('connection', (socket) => {
    sockets.set(socket, ++connectionCount)
    socket.on('error', ignore)
    socket.once('close', () => sockets.delete(socket))
  })
  const port = await listenOnLoopback(server)

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    reply: (...replies) => void queue.push(...replies),
    replyWith: (next) => {
      replier = next
    },
    request: (index, timeoutMs = 5_000) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = requests[index]
          if (!found || !received.has(found)) return
          stop()
          resolve(found)
        }
        const timer = setTimeout(() => {
          stop()
          reject(new Error(`Request ${index} did not reach the fake upstream within ${timeoutMs} ms.`))
        }, timeoutMs)
        const stop = (): void => {
          clearTimeout(timer)
          waiting.delete(check)
        }
        waiting.add(check)
        check()
      }),
    get connections() {
      return sockets.size
    },
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const log of open) log.endedByUs = true
      const gone = Array.from(
        sockets.keys(),
        (socket) => new Promise((resolve) => socket.once('close', resolve)),
      )
      for (const socket of sockets.keys()) socket.destroy()
      await Promise.all([ended, ...gone])
    },
  }
}

type MutableRequest = { -readonly [K in keyof UpstreamRequest]: UpstreamRequest[K] }

function recordOf(
  incoming: IncomingMessage,
  connection: number,
  log: SendLog,
  response: ServerResponse,
  closed: Promise<void>,
): MutableRequest {
  const record: MutableRequest = {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    rawHeaders: incoming.rawHeaders,
    body: new Uint8Array(),
    get text() {
      return Buffer.from(record.body).toString('utf8')
    },
    json: () => JSON.parse(record.text) as unknown,
    connection,
    get closedEarly() {
      return response.destroyed && !response.writableFinished && !log.endedByUs
    },
    get bytesWritten() {
      return log.bytesWritten
    },
    get pauses() {
      return log.pauses
    },
    done: closed,
  }
  return record
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
  } catch {
    // The client went while it was sending: what came is what there is.
  }
  return Buffer.concat(chunks)
}

function unscripted(index: number): Reply {
  return {
    status: 500,
    json: { error: { message: `fake upstream: nothing is scripted for request ${index}` } },
  }
}

function ignore(): void {}
