import { pipeline, Transform, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { WireError } from './error.ts'

/** A content encoding we can read. */
export type Coding = 'gzip' | 'deflate' | 'br'

/** What a compressed body may become. */
export interface DecodeLimits {
  readonly maxBytes: number
  /** Decoded bytes for each encoded one. */
  readonly maxRatio: number
}

const defaultLimits: DecodeLimits = { maxBytes: 64 * 1024 * 1024, maxRatio: 100 }

/** Below this size a high ratio is no attack: short texts of spaces exist. */
const ratioFloor = 256 * 1024

/** Reads a `content-encoding`: one layer that we know, none, or something we refuse (two layers among it). */
export function codingOf(header: string | readonly string[] | undefined): Coding | 'identity' | 'unknown' {
  const text = typeof header === 'string' ? header : (header ?? []).join(',')
  const coding = text.trim().toLowerCase()
  if (coding === '' || coding === 'identity') return 'identity'
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip'
  return coding === 'deflate' || coding === 'br' ? coding : 'unknown'
}

/** Decodes a body once, bounded in size and in ratio. Destroying the result destroys the source. */
export function decodeBody(source: Readable, coding: Coding, limits: DecodeLimits = defaultLimits): Readable {
  const decoder =
    coding === 'gzip' ? createGunzip() : coding === 'br' ? createBrotliDecompress() : createInflate()
  let written = 0
  const meter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      written += chunk.length
      if (
        written > limits.maxBytes ||
        (written > ratioFloor && written > decoder.bytesWritten * limits.maxRatio)
      ) {
        done(new WireError('too_large', 'The decoded answer of the upstream is too large.', { sent: true }))
      } else done(null, chunk)
    },
    destroy(error, done) {
      done(
        error === null || WireError.is(error)
          ? error
          : new WireError('decode', 'The upstream sent a body that does not decode.', {
              sent: true,
              cause: error,
            }),
      )
    },
  })
  meter.on('error', ignore)
  pipeline(source, decoder, meter, ignore)
  return meter
}

function ignore(): void {}
