import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../error.ts'

const hostCharacters = /^(?:\[[\dA-Fa-f:.]+\]|[\w.~%-]+)(?::\d{1,5})?$/

/**
 * What is wrong with the head of a request, before anything is routed by it. Node's parser lets two `Host` headers,
 * `Host: a/b?` and odd transfer encodings through; a proxy in front may read them differently than we do, which is
 * how requests are smuggled.
 */
export function headFault(request: IncomingMessage): GatewayError | undefined {
  const raw = request.rawHeaders
  let host: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) return fault('The request has more than one Host header.')
    host = raw[index + 1] as string
  }
  if (host === undefined) {
    if (request.httpVersion !== '1.0') return fault('The request has no Host header.')
  } else if (!hostCharacters.test(host)) return fault('The Host header is not a host.')
  const encoding = request.headers['transfer-encoding']
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || request.httpVersion === '1.0')) {
    return fault('The Transfer-Encoding of the request is not supported.')
  }
  return undefined
}

function fault(message: string): GatewayError {
  return new GatewayError({ class: 'invalid_request', message })
}
