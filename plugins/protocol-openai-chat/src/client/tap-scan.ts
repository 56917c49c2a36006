import type { Part } from '@gantry/core'

/** Whether `key` (with its quotes) stands somewhere with a value that is not null. */
export function hasValue(data: string, key: string): boolean {
  for (let at = data.indexOf(key); at >= 0; at = data.indexOf(key, at + key.length)) {
    const value = valueAfter(data, at + key.length)
    if (value >= 0 && data.charCodeAt(value) !== charN) return true
  }
  return false
}

/** UTF-8 bytes of text, thinking, refusals and arguments that a frame delivers, read off its text. */
export function deliveredBytes(data: string): { readonly bytes: number; readonly hasCalls: boolean } {
  let bytes = 0
  let hasCalls = false
  for (const key of countedKeys) {
    for (let at = data.indexOf(key); at >= 0; at = data.indexOf(key, at + key.length)) {
      const value = valueAfter(data, at + key.length)
      if (value < 0) continue
      const code = data.charCodeAt(value)
      if (code === quote) {
        bytes += stringBytes(data, value + 1)
        if (key === '"arguments"' || key === '"input"') hasCalls = true
      }
      // A list of content parts (Mistral): their texts.
      else if (code === bracket && key === '"content"') bytes += listBytes(data, value)
    }
  }
  return { bytes, hasCalls }
}

/** The same for a part of a whole answer. */
export function partBytes(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return Buffer.byteLength(part.text)
    case 'reasoning':
      return part.segments.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
    case 'tool_call':
      return Buffer.byteLength(part.arguments)
    default:
      return 0
  }
}

const countedKeys: readonly string[] = [
  '"content"',
  '"reasoning_content"',
  '"reasoning"',
  '"refusal"',
  '"arguments"',
  '"input"',
]
const charN = 110
const quote = 34
const backslash = 92
const bracket = 91
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

function listBytes(data: string, from: number): number {
  const key = '"text"'
  let bytes = 0
  for (let at = data.indexOf(key, from); at >= 0; at = data.indexOf(key, at + key.length)) {
    const value = valueAfter(data, at + key.length)
    if (value >= 0 && data.charCodeAt(value) === quote) bytes += stringBytes(data, value + 1)
  }
  return bytes
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13
}
