import { bytesPerPage } from './count-pages.ts'
import type { Countable, Counted } from './messages.ts'
import type { Piece, Weighed } from './weigh.ts'

/** Bytes that make a token where nothing was counted. */
const bytesPerToken = 4

/** Characters of base64 that the worker gets of a PDF; pages beyond are extrapolated. */
const mostOfPdf = 8 * 1024 * 1024

/** What of the pieces goes to the worker: text up to so many bytes in all, the last piece cut. */
export function withinBytes(pieces: readonly Piece[], most: number): readonly Countable[] {
  const sent: Countable[] = []
  let left = most
  for (const { kind, text } of pieces) {
    if (kind === 'pdf') {
      sent.push({ kind, text: text.length > mostOfPdf ? text.slice(0, mostOfPdf) : text })
      continue
    }
    const bytes = bytesOf(text)
    if (bytes <= left) {
      sent.push({ kind, text })
      left -= bytes
      continue
    }
    if (left > 0) sent.push({ kind, text: text.slice(0, Math.floor((text.length * left) / bytes)) })
    break
  }
  return sent
}

/** Tokens of a request from what was counted of it; for the rest, its bytes by those that were counted. */
export function totalOf({ pieces, fixed }: Weighed, counts: readonly Counted[]): number {
  let perByte: number | undefined
  let total = fixed
  for (const [index, { kind, text, weight }] of pieces.entries()) {
    const { count, read } = counts[index] ?? nothing
    if (kind === 'pdf') {
      const guess = Math.max(1, (text.length * 0.75) / bytesPerPage)
      total += weight * (read > 0 ? (count * text.length) / read : guess)
    } else if (read >= text.length) total += weight * count
    else {
      perByte ??= tokensPerByte(pieces, counts)
      total += weight * (count + perByte * bytesOf(text.slice(read)))
    }
  }
  return Math.round(total)
}

// ---

const nothing: Counted = { count: 0, read: 0 }

function tokensPerByte(pieces: readonly Piece[], counts: readonly Counted[]): number {
  let tokens = 0
  let bytes = 0
  for (const [index, { count, read }] of counts.entries()) {
    const piece = pieces[index]
    if (piece?.kind !== 'text') continue
    tokens += count
    bytes += bytesOf(read >= piece.text.length ? piece.text : piece.text.slice(0, read))
  }
  return bytes === 0 ? 1 / bytesPerToken : tokens / bytes
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text)
}
