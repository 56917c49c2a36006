import { Readable } from 'node:stream'
import { createSseReader } from '@gantry/wire'
import type { SocketSession } from '../contract/index.ts'
import type { Answer } from '../run/exchange.ts'
import type { SocketPeer } from './connection.ts'
import { objectOf } from './sockets.ts'

/** Where an answer goes. */
export interface Delivery {
  readonly session: SocketSession
  readonly peer: Pick<SocketPeer, 'drained'>
  readonly send: (text: string) => void
  readonly signal: AbortSignal
}

/** Largest body of a plugin's own answer, in bytes; those of the core come whole or as events. */
const mostBytes = 16 * 1024 * 1024

/** Sends an answer as messages: each event of a stream, or one whole body. Throws for what is neither. */
export async function deliver(answer: Answer, to: Delivery): Promise<void> {
  const { session, peer, send, signal } = to
  const { status, headers, body } = answer
  if (body instanceof Readable && isEvents(headers)) {
    const reader = createSseReader(({ data }) => {
      if (data !== '[DONE]') send(data)
    })
    await read(body, signal, async (chunk) => {
      reader.push(chunk)
      await peer.drained(signal)
    })
    reader.end()
    return
  }
  const whole = body instanceof Readable ? await gather(body, signal) : (body ?? '{}')
  const text = Buffer.from(whole).toString('utf8')
  send(status >= 400 ? JSON.stringify(session.refused(status, objectOf(text))) : text)
}

/** An answer of a plugin may be a stream that is no event stream. */
function isEvents(headers: Answer['headers']): boolean {
  const type = headers['content-type']
  return type === undefined || type.startsWith('text/event-stream')
}

async function gather(body: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  await read(body, signal, (chunk) => {
    length += chunk.length
    if (length > mostBytes) throw new Error('The answer of a plugin is too large for a message.')
    chunks.push(chunk)
  })
  return Buffer.concat(chunks)
}

/** Reads a body to its end; it is destroyed when the client leaves. */
async function read(
  body: Readable,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void | Promise<void>,
): Promise<void> {
  const destroy = (): void => void body.destroy()
  if (signal.aborted) destroy()
  signal.addEventListener('abort', destroy, { once: true })
  try {
    for await (const chunk of body) await take(chunk as Uint8Array)
  } finally {
    signal.removeEventListener('abort', destroy)
  }
}
