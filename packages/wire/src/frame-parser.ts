import { createParser } from 'eventsource-parser'
import type { Frame } from './frame.ts'

/** Reads segments that a splitter cut. */
export interface FrameParser {
  /** The event in a segment that ends with a line end. */
  segment(bytes: Uint8Array): Frame | undefined
  /** The event in the last segment of a stream, whose blank line never came. */
  last(bytes: Uint8Array): Frame | undefined
}

/** One parser a stream: it strips the byte order mark at the start and nowhere else. */
export function createFrameParser(onComment?: (text: string) => void): FrameParser {
  // The parser removes the mark itself; a decoder that also did so would remove two.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let found: Frame | undefined
  let atStart = true
  const parser = createParser({
    onEvent(event) {
      // An event without data carries nothing, and the specification dispatches none.
      if (event.data === '') return
      found = frameOf(event.event, event.data, event.id)
    },
    ...(onComment ? { onComment } : {}),
  })

  function feed(text: string): Frame | undefined {
    found = undefined
    atStart = false
    parser.feed(text)
    return found
  }

  return {
    segment(bytes) {
      const text = decoder.decode(bytes)
      // Most events are one line of data. The first goes through the parser: a mark counts there and nowhere else.
      const data = atStart ? undefined : onlyData(text)
      return data === undefined ? feed(text) : { data }
    },
    last(bytes) {
      const text = decoder.decode(bytes)
      const lineStart = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1
      const tail = text.slice(lineStart)
      if (tail === '') return feed(`${text}\n\n`)
      // Half a line of another field says nothing; the data lines before it were whole.
      if (!(atStart && lineStart === 0 ? /^\uFEFF?data:/ : /^data:/).test(tail))
        return feed(`${text.slice(0, lineStart)}\n\n`)
      const frame = feed(`${text}\n\n`)
      return frame !== undefined && isWhole(frame.data) ? frame : undefined
    },
  }
}

/** The data of a segment that is a single `data:` line; undefined for every other. */
function onlyData(text: string): string | undefined {
  const end = text.length - 2
  if (!text.startsWith('data: ') || text.indexOf('\n') !== end || end === 6) return undefined
  return text.includes('\r') ? undefined : text.slice(6, end)
}

function frameOf(event: string | undefined, data: string, id: string | undefined): Frame {
  if (event === undefined) return id === undefined ? { data } : { data, id }
  return id === undefined ? { event, data } : { event, data, id }
}

/** Whether the data of an unterminated line can be no prefix of something longer. */
function isWhole(data: string): boolean {
  const text = data.trim()
  if (text === '[DONE]') return true
  // `1` may be the start of `12`: only an object or an array shows its own end.
  if (!text.startsWith('{') && !text.startsWith('[')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
