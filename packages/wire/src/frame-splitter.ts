import { createByteBuffer, type ByteBuffer } from './byte-buffer.ts'
import { WireError } from './error.ts'
import { defaultMaxFrameBytes, type Frame } from './frame.ts'
import { createFrameParser } from './frame-parser.ts'

/** Receives a run of bytes and, when it holds an event, that event. */
export type OnSegment = (bytes: Uint8Array, frame: Frame | undefined) => void

/** Cuts a byte stream at frame boundaries. */
export interface FrameSplitter {
  /** Throws `WireError` `too_large` when one frame is longer than `maxBytes`; the splitter is then unusable. */
  push(chunk: Uint8Array, onSegment: OnSegment): void
  /** Gives what is left, see `createSseReader` for when a frame without its blank line counts. */
  end(onSegment: OnSegment): void
}

const LF = 10
const CR = 13
const COLON = 58

/**
 * Cuts a byte stream after each blank line (`\n\n`, `\r\n\r\n`, `\r\r` and mixtures) without changing a byte:
 * the segments joined are the input, whatever the chunks. A segment may be a view of the chunk that was pushed:
 * it lives as long as the caller leaves that chunk alone.
 *
 * Comment lines outside an event are segments of their own, so that a keep-alive is passed on at once even
 * where a host sends no blank line after it. `frame` is absent for comments, blank lines and events without
 * data. Linear in its input, for slices of one byte and for huge frames too.
 */
export function createFrameSplitter(options?: {
  /** 16 MB when absent. */
  readonly maxBytes?: number
  /** Called for every comment line, before its segment. */
  readonly onComment?: (text: string) => void
}): FrameSplitter {
  const maxBytes = options?.maxBytes ?? defaultMaxFrameBytes
  const parser = createFrameParser(options?.onComment)
  // The first segment goes to the parser whatever it holds: a byte order mark counts there and nowhere else.
  let parseAll = true
  const held: ByteBuffer = createByteBuffer()
  // State of the line and of the segment that are open.
  let lineEmpty = true
  let lineComment = false
  let fields = false
  /** The last byte was a CR: a LF that follows belongs to it and starts no line. */
  let afterCr = false
  let broken = false

  function tooLarge(): never {
    broken = true
    held.take()
    throw new WireError('too_large', `An event of the stream is longer than ${maxBytes} bytes.`, {
      sent: true,
    })
  }

  function emit(chunk: Uint8Array, start: number, end: number, onSegment: OnSegment): void {
    if (held.length + end - start > maxBytes) tooLarge()
    let bytes = chunk.subarray(start, end)
    if (held.length > 0) {
      held.append(bytes)
      bytes = held.take()
    }
    const frame = fields || parseAll ? parser.segment(bytes) : undefined
    parseAll = options?.onComment !== undefined
    fields = false
    onSegment(bytes, frame)
  }

  return {
    push(chunk, onSegment) {
      if (broken) tooLarge()
      const length = chunk.length
      let start = 0
      let index = 0
      while (index < length) {
        const byte = chunk[index] as number
        index++
        if (byte !== LF && byte !== CR) {
          if (lineEmpty) {
            lineEmpty = false
            lineComment = byte === COLON
          }
          afterCr = false
          // The body of a line: nothing to decide until it ends.
          while (index < length && (chunk[index] as number) > CR) index++
          continue
        }
        if (byte === LF && afterCr) {
          afterCr = false
          continue
        }
        if (byte === CR) {
          if (index < length && chunk[index] === LF) index++
          else afterCr = true
        } else afterCr = false
        const boundary = lineEmpty || (lineComment && !fields)
        if (!lineEmpty && !lineComment) fields = true
        lineEmpty = true
        lineComment = false
        if (boundary) {
          emit(chunk, start, index, onSegment)
          start = index
        }
      }
      if (start < length) {
        if (held.length + length - start > maxBytes) tooLarge()
        held.append(start === 0 ? chunk : chunk.subarray(start))
      }
    },
    end(onSegment) {
      if (broken || held.length === 0) return
      const bytes = held.take()
      onSegment(bytes, parser.last(bytes))
    },
  }
}
