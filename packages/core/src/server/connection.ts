import { Readable } from 'node:stream'
import { createSseReader } from '@gantry/wire'
import type { JsonObject } from '../model/index.ts'
import type { SocketSession } from '../contract/index.ts'
import type { Answer } from '../run/exchange.ts'
import { type ConnectionHead, type GatewaySockets, objectOf } from './sockets.ts'

/** The socket under a connection. */
export interface SocketPeer {
  send(text: string): void
  close(code: number, reason: string): void
  /** Resolves when the client has taken nearly everything that was sent. */
  drained(signal: AbortSignal): Promise<void>
}

/** One client on one WebSocket: its messages are requests, one after another. */
export interface Connection {
  receive(text: string): void
  /** The client left: what runs for it is aborted. */
  left(): void
  /** No further message is taken; closes when the request under way is over. */
  finish(): void
  readonly isBusy: boolean
}

/** Messages that may wait behind the one that runs. */
const mostWaiting = 16

const goingAway = 1001
const policyViolation = 1008

/** Runs the messages of one connection. `sockets` is asked anew for each, because a reload swaps it. */
export function createConnection(
  sockets: () => GatewaySockets | undefined,
  pathname: string,
  head: ConnectionHead,
  peer: SocketPeer,
): Connection {
  const session = sockets()?.session(pathname)
  const abort = new AbortController()
  const waiting: string[] = []
  let running = false
  let finishing = false

  const send = (event: JsonObject): void => {
    if (abort.signal.aborted) return
    session?.sent(event)
    peer.send(JSON.stringify(event))
  }

  async function work(): Promise<void> {
    if (running) return
    running = true
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      if (abort.signal.aborted) break
      try {
        await one(text)
      } catch (error) {
        refuse(error)
      }
    }
    running = false
    if (finishing) close(goingAway, 'The gateway is shutting down.')
  }

  async function one(text: string): Promise<void> {
    const current = sockets()
    if (!session || !current) return close(goingAway, 'No WebSocket is served here any more.')
    const asked = session.receive(await current.read(text))
    if ('events' in asked) {
      for (const event of asked.events) send(event)
      return
    }
    const bytes = Buffer.from(JSON.stringify(asked.body))
    await deliver(session, await current.run(pathname, head, bytes, abort.signal))
  }

  async function deliver(open: SocketSession, answer: Answer): Promise<void> {
    const { body } = answer
    if (!(body instanceof Readable)) {
      const parsed = objectOf(body === undefined ? '{}' : Buffer.from(body).toString('utf8'))
      return send(answer.status >= 400 ? open.refused(answer.status, parsed) : parsed)
    }
    const reader = createSseReader((frame) => {
      if (frame.data !== '[DONE]') send(objectOf(frame.data))
    })
    const destroy = (): void => void body.destroy()
    abort.signal.addEventListener('abort', destroy, { once: true })
    try {
      for await (const chunk of body) {
        reader.push(chunk as Uint8Array)
        await peer.drained(abort.signal)
      }
      reader.end()
    } finally {
      abort.signal.removeEventListener('abort', destroy)
    }
  }

  function refuse(error: unknown): void {
    const current = sockets()
    if (!session || !current) return
    const { status, body } = current.fail(pathname, head, error)
    send(session.refused(status, objectOf(String(body))))
  }

  function close(code: number, reason: string): void {
    abort.abort()
    peer.close(code, reason)
  }

  return {
    get isBusy() {
      return running
    },
    receive(text) {
      if (finishing || abort.signal.aborted) return
      if (waiting.length >= mostWaiting)
        return close(policyViolation, 'Too many requests wait on this connection.')
      waiting.push(text)
      void work()
    },
    left: () => abort.abort(),
    finish() {
      finishing = true
      waiting.length = 0
      if (!running) close(goingAway, 'The gateway is shutting down.')
    },
  }
}
