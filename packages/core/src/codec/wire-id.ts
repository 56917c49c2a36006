import { createHash } from 'node:crypto'

/** Letters and digits only: every vendor's pattern for ids allows them. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
const hashLength = 20

/**
 * A tool-call id that the target accepts: the id itself when `fits` matches it and it has at most `max` characters,
 * else its cleaned beginning and a hash of the whole. The same id always gives the same result, and two ids never
 * share one (up to a collision of the hash, about 100 bits), so replays stay paired and prompt caches stay warm.
 * Throws `RangeError` when nothing made of letters and digits fits: that pattern is a mistake in the codec.
 */
export function wireId(callId: string, fits: RegExp, max: number): string {
  const pattern = fits.global || fits.sticky ? new RegExp(fits.source, fits.flags.replace(/[gy]/g, '')) : fits
  if (callId.length <= max && pattern.test(callId)) return callId
  const hash = digest(callId)
  const head = callId.slice(0, Math.max(0, max - hashLength - 1)).replace(/[^a-zA-Z0-9_-]/g, '_')
  const candidates = [`${head}_${hash}`, `call_${hash}`, `c${hash}`]
  for (const candidate of candidates) {
    const id = candidate.length <= max ? candidate : `c${hash}`.slice(0, max)
    if (pattern.test(id)) return id
  }
  throw new RangeError(`No id of at most ${max} letters and digits matches ${String(pattern)}.`)
}

/** UTF-16, because UTF-8 would give all lone surrogates one hash. */
function digest(text: string): string {
  const bytes = createHash('sha256').update(text, 'utf16le').digest()
  let value = 0n
  for (const byte of bytes.subarray(0, 16)) value = value * 256n + BigInt(byte)
  let out = ''
  for (let count = 0; count < hashLength; count++) {
    out += alphabet[Number(value % 36n)]
    value /= 36n
  }
  return out
}
