import type { Frame } from './frame.ts'
import { createFrameSplitter } from './frame-splitter.ts'

/** A push reader of one event stream. */
export interface SseReader {
  /** Throws `WireError` `too_large` when one event is longer than `maxBytes`. */
  push(chunk: Uint8Array): void
  end(): void
}

/**
 * Reads server-sent events from bytes in any slices: CR, LF and CRLF, a byte order mark, `data:` with or
 * without a space, UTF-8 sequences cut in two. Events without data are left out, as the specification says.
 *
 * `end()` delivers a last event whose blank line is missing, because hosts do omit it, if the event is whole:
 * its last data line ended with a newline, or its data is `[DONE]` or a complete JSON object or array.
 * Anything else was cut in the middle and is dropped, so that the codec reports a truncated stream.
 */
export function createSseReader(
  onFrame: (frame: Frame) => void,
  options?: {
    /** Largest event in bytes, one long line or many; 16 MB when absent. */
    readonly maxBytes?: number
    onComment?(text: string): void
  },
): SseReader {
  const splitter = createFrameSplitter(options)
  const onSegment = (_bytes: Uint8Array, frame: Frame | undefined): void => {
    if (frame !== undefined) onFrame(frame)
  }
  return {
    push: (chunk) => splitter.push(chunk, onSegment),
    end: () => splitter.end(onSegment),
  }
}
