import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Answers on a bare socket, where no request could be made of what came in. The error has the shape that most
 * clients of this kind of gateway read. The connection ends: first our side, then, after `lingerMs`, for good.
 */
export function answerRaw(
  socket: Duplex,
  status: number,
  message: string,
  id: string,
  lingerMs: number,
  headers: { readonly [name: string]: string } = {},
): void {
  socket.on('error', () => socket.destroy())
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = JSON.stringify({
    error: {
      message: `${message} (request id: ${id})`,
      type: 'invalid_request_error',
      param: null,
      code: null,
    },
  })
  const head = {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': id,
    connection: 'close',
  }
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
  // Closed at once, with bytes of the client unread, the answer would be reset away with the connection.
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}
