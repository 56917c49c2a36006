import type { ServerResponse } from 'node:http'
import { encodeFrame } from '@gantry/wire'
import type { Random } from '../random.ts'
import type { Piece, Reply } from './reply.ts'

/** What sending notes about the client. */
export interface SendLog {
  bytesWritten: number
  /** How often the client read too slowly and the upstream had to wait. */
  pauses: number
  /** The upstream ended the connection itself. */
  endedByUs: boolean
}

/** Sends one reply; ends early, without an error, when the client is gone. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  log: SendLog,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  if (reply.delayMs) await sleep(reply.delayMs, signal)
  if (signal.aborted || reply.silent) return
  response.writeHead(reply.status ?? 200, headersOf(reply))
  response.flushHeaders()
  let left = reply.stopAfter ?? Infinity
  let isFirst = true
  for await (const piece of piecesOf(reply)) {
    for (const slice of slicesOf(toBytes(piece), reply.slices, random)) {
      if (signal.aborted || left <= 0) break
      if (!isFirst && reply.paceMs) await sleep(reply.paceMs, signal)
      isFirst = false
      await write(response, slice.subarray(0, Math.min(slice.byteLength, left)), log, signal)
      left -= slice.byteLength
    }
    if (signal.aborted || left <= 0) break
  }
  if (signal.aborted) return
  await finish(response, reply, log, signal)
}

async function finish(
  response: ServerResponse,
  reply: Reply,
  log: SendLog,
  signal: AbortSignal,
): Promise<void> {
  const end = reply.end ?? 'clean'
  if (end === 'clean') response.end()
  if (end === 'clean' || end === 'never') return
  // What was written has to reach the client before the connection goes.
  await flushed(response)
  if (signal.aborted) return
  log.endedByUs = true
  if (end === 'cut') response.socket?.end()
  else response.socket?.resetAndDestroy()
}

function headersOf(reply: Reply): { readonly [name: string]: string } {
  if (reply.json !== undefined) return { 'content-type': 'application/json', ...reply.headers }
  if (reply.events) return { 'content-type': 'text/event-stream', ...reply.headers }
  return reply.headers ?? {}
}

function piecesOf(reply: Reply): Iterable<Piece> | AsyncIterable<Piece> {
  if (reply.pieces) return reply.pieces
  if (reply.events) return reply.events.map(encodeFrame)
  if (reply.json !== undefined) return [JSON.stringify(reply.json)]
  return reply.body === undefined ? [] : [reply.body]
}

function* slicesOf(bytes: Uint8Array, slices: Reply['slices'], random: Random): Generator<Uint8Array> {
  if (slices === undefined) {
    if (bytes.byteLength > 0) yield bytes
    return
  }
  for (let from = 0; from < bytes.byteLength;) {
    const size = slices === 'random' ? random.integer(1, Math.max(1, bytes.byteLength >> 2)) : slices
    yield bytes.subarray(from, from + size)
    from += size
  }
}

async function write(
  response: ServerResponse,
  bytes: Uint8Array,
  log: SendLog,
  signal: AbortSignal,
): Promise<void> {
  if (bytes.byteLength === 0) return
  log.bytesWritten += bytes.byteLength
  if (response.write(bytes)) return
  log.pauses++
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    signal.addEventListener('abort', done)
  })
}

function flushed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = response
    if (!socket || socket.destroyed) resolve()
    else socket.write('', () => setImmediate(resolve))
  })
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

function toBytes(piece: Piece): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece
}
