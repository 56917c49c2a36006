import type { OutputFrame } from './frame.ts'

const lineEnd = /\r\n|\r|\n/
const lineEnds = /[\r\n]/g

/**
 * The one place where SSE text is made. Data is split on CRLF, CR and LF into `data:` lines, newlines are
 * taken out of `event` and `id`, so that no value from outside can begin a field or an event of its own.
 */
export function encodeFrame(frame: OutputFrame): string {
  if ('comment' in frame) return `${prefixLines(': ', frame.comment)}\n`
  let text = ''
  if (frame.event) text += `event: ${singleLine(frame.event)}\n`
  if (frame.id !== undefined) text += `id: ${singleLine(frame.id)}\n`
  return `${text}${prefixLines('data: ', frame.data)}\n`
}

function prefixLines(prefix: string, text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return `${prefix}${text}\n`
  return `${prefix}${text.split(lineEnd).join(`\n${prefix}`)}\n`
}

function singleLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(lineEnds, '') : text
}
