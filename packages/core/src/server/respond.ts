import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { safeHeaderValue } from '@gantry/wire'
import { FastResponse } from 'srvx'
import type { Answer } from '../run/exchange.ts'
import type { ShellLimits } from './limits.ts'

const unsafeValue = /[^\t\x20-\x7e\x80-\xff]/
type ResponseBody = ConstructorParameters<typeof Response>[0]

const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * Makes the response the cheap way: srvx's own, which hands a string, bytes or a Node stream to the socket as they
 * are. A native `Response` costs about 8 µs more, a web stream a buffer without bounds.
 */
export function toResponse(
  answer: Answer,
  extra: { readonly [name: string]: string },
  isHead: boolean,
): Response {
  const headers: { [name: string]: string } = {}
  for (const from of [answer.headers, extra]) {
    for (const name in from) {
      const value = from[name] as string
      headers[name] = unsafeValue.test(value) ? safeHeaderValue(value) : value
    }
  }
  let { body } = answer
  if (body !== undefined && (isHead || bodiless.has(answer.status))) {
    if (typeof body === 'object' && 'destroy' in body) body.destroy()
    body = undefined
  }
  return new FastResponse((body ?? null) as ResponseBody, { status: answer.status, headers })
}

/**
 * The same answer, whose last byte is held back while the rest of a refused body is read and thrown away. The client
 * has the whole answer by its length; a socket closed on unread bytes would have reset it away.
 */
export function lingering(
  answer: Answer,
  request: IncomingMessage,
  limits: Pick<ShellLimits, 'lingerMs' | 'lingerBytes'>,
): Answer {
  const { body } = answer
  if (typeof body === 'object' && 'destroy' in body) return answer
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body ?? [])
  const stream = new Readable({
    read() {},
    destroy(error, done) {
      stop()
      done(error)
    },
  })
  let left = limits.lingerBytes
  const onData = (chunk: Uint8Array): void => {
    left -= chunk.length
    if (left < 0) finish()
  }
  const timer = setTimeout(finish, limits.lingerMs)
  function stop(): void {
    clearTimeout(timer)
    request.off('data', onData).off('end', finish).off('close', finish).off('error', finish)
  }
  function finish(): void {
    stop()
    request.pause()
    if (!stream.destroyed) stream.push(null)
  }
  request.on('data', onData).on('end', finish).on('close', finish).on('error', finish)
  request.resume()
  if (bytes.length > 0) stream.push(bytes)
  return { ...answer, headers: { ...answer.headers, 'content-length': String(bytes.length) }, body: stream }
}
