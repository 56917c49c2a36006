import type { ByteBody } from '@gantry/wire'
import type { JsonObject } from '../model/index.ts'
import { parseJsonLossless } from '../codec/index.ts'
import { GatewayError } from '../error.ts'

/** Largest whole answer we hold. */
const maxBody = 64 * 1024 * 1024

/** Largest error body worth reading. */
const maxErrorBody = 256 * 1024

/** Reads a whole body under a cap. Rejects with what the stream failed with. */
export function readBody(body: ByteBody, provider: string, limit: number = maxBody): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    let ended = false
    body.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength
      if (size > limit) {
        reject(
          new GatewayError({
            class: 'upstream_failed',
            source: 'upstream',
            provider,
            message: `The upstream's answer is larger than ${limit} bytes.`,
          }),
        )
        body.destroy()
        return
      }
      chunks.push(chunk)
    })
    body.on('end', () => {
      ended = true
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size))
    })
    body.on('error', reject)
    body.on('close', () => {
      if (!ended) {
        reject(
          new GatewayError({
            class: 'upstream_truncated',
            source: 'upstream',
            provider,
            message: 'The upstream closed the connection before its answer was complete.',
          }),
        )
      }
    })
  })
}

/** The beginning of an error body; a body that fails or is too long gives what was read. */
export function readErrorBody(body: ByteBody): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let size = 0
    const done = (): void => {
      resolve(Buffer.concat(chunks, size))
      body.destroy()
    }
    body.on('data', (chunk: Uint8Array) => {
      const rest = chunk.subarray(0, maxErrorBody - size)
      chunks.push(rest)
      size += rest.byteLength
      if (size >= maxErrorBody) done()
    })
    body.on('end', done)
    body.on('error', done)
    body.on('close', done)
  })
}

/** A whole answer as the object it has to be. Throws an upstream's fault. */
export function parseAnswer(bytes: Uint8Array, provider: string): JsonObject {
  let value: unknown
  try {
    // Numbers in the object arguments of a call keep the digits that the model wrote.
    value = parseJsonLossless(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch {
    throw notJson(provider, bytes.byteLength === 0 ? 'an empty body' : 'something that is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notJson(provider, 'JSON that is not an object')
  return value as JsonObject
}

function notJson(provider: string, what: string): GatewayError {
  return new GatewayError({
    class: 'upstream_failed',
    source: 'upstream',
    provider,
    message: `The upstream answered with ${what}.`,
  })
}
