import { encodeFrame, type OutputFrame } from '@gantry/wire'
import type { Piece, Reply } from './reply.ts'

/** Replies of upstreams that misbehave; each can be spread and changed. */
export interface Faults {
  /** A status before the first byte, with a JSON error body unless another is given. */
  status(status: number, body?: unknown, headers?: { readonly [name: string]: string }): Reply
  /** A page of a proxy, with status 200. */
  html(): Reply
  /** Status 200 and not one byte; with `contentType` an empty event stream. */
  empty(contentType?: string): Reply
  /** Whole frames, then half of the last one, then the connection closes. */
  halfFrame(frames: readonly OutputFrame[]): Reply
  /** So many bytes, then a reset connection. */
  reset(body: Piece, afterBytes?: number): Reply
  /** Takes the request, never answers. */
  silent(): Reply
  /** So many bytes, then nothing, for ever. */
  stall(body: Piece, afterBytes: number): Reply
  /** One line of an event stream, 40 MB unless said otherwise. */
  hugeLine(bytes?: number): Reply
  /** The body byte by byte. */
  byteByByte(body: Piece, contentType?: string): Reply
  /** Frames as given, then HTTP's clean end: what a tool call looks like when its host gives up in the middle. */
  cleanEnd(frames: readonly OutputFrame[]): Reply
}

const eventStream = { 'content-type': 'text/event-stream' }

/** The faults that every part facing an upstream has to live with. */
export const faults: Faults = {
  status: (status, body = { error: { message: `status ${status}` } }, headers = {}) => ({
    status,
    headers,
    json: body,
  }),
  html: () => ({
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html><html><body><h1>Welcome to nginx!</h1></body></html>',
  }),
  empty: (contentType) => (contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
  halfFrame: (frames) => {
    const last = encodeFrame(frames.at(-1) ?? { data: '{"cut":"here"}' })
    return {
      headers: eventStream,
      pieces: [...frames.slice(0, -1).map(encodeFrame), last.slice(0, Math.ceil(last.length / 2))],
      end: 'cut',
    }
  },
  reset: (body, afterBytes = byteLength(body)) => ({
    headers: eventStream,
    body,
    stopAfter: afterBytes,
    end: 'reset',
  }),
  silent: () => ({ silent: true }),
  stall: (body, afterBytes) => ({ headers: eventStream, body, stopAfter: afterBytes, end: 'never' }),
  hugeLine: (bytes = 40_000_000) => ({ headers: eventStream, pieces: longLine(bytes) }),
  byteByByte: (body, contentType = 'text/event-stream') => ({
    headers: { 'content-type': contentType },
    body,
    slices: 1,
  }),
  cleanEnd: (frames) => ({ events: frames }),
}

function* longLine(bytes: number): Generator<Piece> {
  const piece = 'x'.repeat(65_536)
  yield 'data: {"text":"'
  for (let sent = 0; sent < bytes; sent += piece.length)
    yield piece.slice(0, Math.min(piece.length, bytes - sent))
  yield '"}\n\n'
}

function byteLength(piece: Piece): number {
  return typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength
}
