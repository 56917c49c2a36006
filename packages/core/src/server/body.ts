import { gunzip } from 'node:zlib'
import { guardJson, WireError } from '@gantry/wire'
import { GatewayError } from '../error.ts'
import type { BodySource } from './body-source.ts'
import type { Share } from './budget.ts'
import type { ShellLimits } from './limits.ts'

/** Below this many decoded bytes a high ratio is no attack. */
const inflationFloor = 256 * 1024

/**
 * Reads a whole body: bounded while it comes, decoded once, and looked at before anything parses it.
 * The bytes are kept as they are, because invalid UTF-8 that was replaced can not be relayed.
 * `onEnd` is called when the last byte was read, whatever is wrong with them.
 */
export async function readBody(
  source: BodySource,
  headers: Headers,
  share: Share,
  limits: ShellLimits,
  onEnd?: () => void,
): Promise<Uint8Array> {
  const compressed = isCompressed(headers)
  // Refused by its own word, before a byte is read.
  if (Number(headers.get('content-length') ?? 0) > limits.maxBodyBytes) throw tooLarge(limits)
  try {
    const pieces = createCollector(share, limits)
    await source(pieces.take)
    onEnd?.()
    let bytes = pieces.bytes()
    if (compressed) bytes = await decode(bytes, share, limits)
    if (isJson(headers.get('content-type')) || beginsAsJson(bytes)) guard(bytes, share, limits)
    return bytes
  } catch (error) {
    share.release()
    throw error
  }
}

/** Most bodies are one piece and are not copied; others are gathered in a buffer that doubles. */
function createCollector(
  share: Share,
  limits: ShellLimits,
): { take(chunk: Uint8Array): void; bytes(): Uint8Array } {
  let only: Uint8Array | undefined
  let room: Uint8Array | undefined
  let length = 0
  return {
    take(chunk) {
      const needed = length + chunk.length
      if (needed > limits.maxBodyBytes) throw tooLarge(limits)
      share.take(chunk.length)
      if (length === 0) only = chunk
      else {
        if (room === undefined || needed > room.length) {
          const grown = new Uint8Array(Math.min(Math.max(needed, length * 2, 16_384), limits.maxBodyBytes))
          grown.set(room === undefined ? (only as Uint8Array) : room.subarray(0, length))
          room = grown
          only = undefined
        }
        room.set(chunk, length)
      }
      length = needed
    },
    bytes: () => only ?? room?.subarray(0, length) ?? new Uint8Array(0),
  }
}

function isCompressed(headers: Headers): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity') return false
  if (coding === 'gzip') return true
  throw new GatewayError({
    class: 'invalid_request',
    code: 'unsupported_content_encoding',
    message: 'The Content-Encoding of a request body has to be absent, or gzip once.',
  })
}

function decode(bytes: Uint8Array, share: Share, limits: ShellLimits): Promise<Uint8Array> {
  const allowed = Math.min(
    limits.maxBodyBytes,
    Math.max(Math.min(inflationFloor, limits.maxBodyBytes), bytes.length * limits.maxInflation),
  )
  // What it may become is held back first: many small bombs at once are one large one.
  share.take(allowed)
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: allowed }, (error, decoded) => {
      if (error === null) {
        share.settle(decoded.length)
        resolve(decoded)
      } else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') reject(tooLarge(limits))
      else reject(invalid('The request body is not the gzip its Content-Encoding says.', error))
    })
  })
}

function isJson(contentType: string | null): boolean {
  return (
    contentType === null ||
    !/^\s*(?:multipart|audio|image|video|application\/octet-stream)/i.test(contentType)
  )
}

/** Whatever a body calls itself: who reads JSON out of it later does not ask. */
function beginsAsJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef ? 3 : 0
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return bytes[at] === 0x7b || bytes[at] === 0x5b
}

/** Bytes of memory, about: a parsed object, array or member, and a further element of an array. */
const bytesPerNode = 64
const bytesPerElement = 8

function guard(bytes: Uint8Array, share: Share, limits: ShellLimits): void {
  try {
    const { nodes, elements } = guardJson(bytes, {
      maxDepth: limits.maxJsonDepth,
      maxNodes: limits.maxJsonNodes,
      maxElements: limits.maxJsonElements,
    })
    // What is parsed stays as long as the bytes do, and may be thirty times as large.
    share.take(nodes * bytesPerNode + elements * bytesPerElement)
  } catch (error) {
    if (!WireError.is(error)) throw error
    throw invalid(error.message, error)
  }
}

function invalid(message: string, cause: unknown): GatewayError {
  return new GatewayError({ class: 'invalid_request', message }, { cause })
}

function tooLarge(limits: ShellLimits): GatewayError {
  return new GatewayError({
    class: 'too_large',
    message: `The request body is larger than ${limits.maxBodyBytes} bytes.`,
  })
}
