import type { Share } from './budget.ts'
import { deliver } from './deliver.ts'
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
const internalError = 1011
const tryAgainLater = 1013

/** A message, and its part of what all messages together may take. */
interface Waiting {
  readonly text: string
  readonly share: Share | undefined
}

/** Runs the messages of one connection. `sockets` is asked anew for each, because a reload swaps it. */
export function createConnection(
  sockets: () => GatewaySockets | undefined,
  pathname: string,
  head: ConnectionHead,
  peer: SocketPeer,
): Connection {
  const session = sockets()?.session(pathname)
  const abort = new AbortController()
  const waiting: Waiting[] = []
  let memory: Share | undefined
  let running = false
  let finishing = false

  /** Frames go out as they came: numbers of JSON have more digits than ours. */
  const send = (text: string): void => {
    if (abort.signal.aborted) return
    session?.sent(objectOf(text))
    peer.send(text)
  }

  async function work(): Promise<void> {
    if (running) return
    running = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // From here on its bytes are counted as those of a request.
      next.share?.release()
      if (abort.signal.aborted) break
      try {
        await one(next.text)
        count()
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
      for (const event of asked.events) send(JSON.stringify(event))
      return
    }
    const answer = await current.run(pathname, head, asked, abort.signal)
    await deliver(answer, { session, peer, send, signal: abort.signal })
  }

  /** What a connection remembers stays for as long as its client likes, so all of it together has a bound. */
  function count(): void {
    memory?.release()
    memory = undefined
    if (!session?.size || abort.signal.aborted) return
    memory = sockets()?.memory()
    try {
      memory?.take(session.size)
    } catch {
      session.forget?.()
    }
  }

  /** A message that failed outside the kernel. Never throws: nobody would hear it. */
  function refuse(error: unknown): void {
    const current = sockets()
    if (!session || !current || abort.signal.aborted) return
    try {
      const { status, body } = current.fail(pathname, head, error)
      send(JSON.stringify(session.refused(status, objectOf(String(body)))))
    } catch {
      close(internalError, 'The gateway failed to answer.')
    }
  }

  function end(): void {
    abort.abort()
    memory?.release()
    for (const { share } of waiting.splice(0)) share?.release()
  }

  function close(code: number, reason: string): void {
    end()
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
      const share = sockets()?.waiting()
      try {
        share?.take(text.length)
      } catch {
        return close(tryAgainLater, 'The gateway holds too many messages at once.')
      }
      waiting.push({ text, share })
      void work()
    },
    left: end,
    finish() {
      finishing = true
      for (const { share } of waiting.splice(0)) share?.release()
      if (!running) close(goingAway, 'The gateway is shutting down.')
    },
  }
}
