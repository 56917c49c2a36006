/** Where the scan of a frame stands on what it is. */
export type FrameKind = 'delta' | 'wanted' | 'other'

/**
 * Frames whose contents matter. Inside a text these words have escaped quotes and do not match; a frame that only
 * seems to be one is parsed for nothing.
 */
const wanted: readonly string[] = [
  '"response.completed"',
  '"response.incomplete"',
  '"response.failed"',
  '"response.cancelled"',
  '"response.done"',
  '"response.created"',
  '"error"',
]

/** Tells a frame by its text, without parsing it. */
export function frameKind(data: string): FrameKind {
  for (const word of wanted) if (data.includes(word)) return 'wanted'
  // A finished call: whether the answer waits for the client is told by its items where the last frame leaves them out.
  if (data.includes('"response.output_item.done"') && data.includes('_call')) return 'wanted'
  return data.includes('.delta"') ? 'delta' : 'other'
}

/** UTF-8 bytes of the text that a delta frame delivers: the string behind its key `delta`. */
export function deltaBytes(data: string): number {
  const key = '"delta"'
  for (let at = data.indexOf(key); at >= 0; at = data.indexOf(key, at + key.length)) {
    const value = valueAfter(data, at + key.length)
    if (value >= 0 && data.charCodeAt(value) === quote) return stringBytes(data, value + 1)
  }
  return 0
}

const quote = 34
const backslash = 92
const colon = 58

/** Position of the value behind a key and its colon; -1 when this was no key. */
function valueAfter(data: string, from: number): number {
  let at = from
  while (isSpace(data.charCodeAt(at))) at++
  if (data.charCodeAt(at) !== colon) return -1
  at++
  while (isSpace(data.charCodeAt(at))) at++
  return at
}

/** Bytes of a JSON string's value, from behind its opening quote. */
function stringBytes(data: string, from: number): number {
  let bytes = 0
  for (let at = from; at < data.length; at++) {
    let code = data.charCodeAt(at)
    if (code === quote) return bytes
    if (code === backslash) {
      at++
      if (data.charCodeAt(at) === 117) {
        code = Number.parseInt(data.slice(at + 1, at + 5), 16)
        at += 4
      }
    }
    // Half of a surrogate pair is two of the pair's four bytes.
    if (code < 0x80) bytes += 1
    else if (code < 0x800 || (code >= 0xd800 && code <= 0xdfff)) bytes += 2
    else bytes += 3
  }
  return bytes
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13
}
