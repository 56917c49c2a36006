import type { Part } from '@gantry/core'

// One pass over a frame for all keys: a search for each key by itself stops at every quote, and costs four times as much.
// Each global expression is run until it finds nothing, which takes it back to the start.
const told = /"(?:finish_reason|usage|error)"[ \t\r\n]*:[ \t\r\n]*[^n \t\r\n]/
const texts = /"(?:content|reasoning_content|reasoning|refusal)"[ \t\r\n]*:[ \t\r\n]*"/g
const calls = /"(?:arguments|input)"[ \t\r\n]*:[ \t\r\n]*"/g
// A list of content parts (Mistral).
const list = /"content"[ \t\r\n]*:[ \t\r\n]*\[/
const listTexts = /"text"[ \t\r\n]*:[ \t\r\n]*"/g

/** Whether a reason, usage or an error stands somewhere with a value that is not null. */
export function tellsMore(data: string): boolean {
  return told.test(data)
}

/** UTF-8 bytes of text, thinking, refusals and arguments that a frame delivers, read off its text. */
export function deliveredBytes(data: string): { readonly bytes: number; readonly hasCalls: boolean } {
  const written = bytesBehind(texts, data)
  const asked = bytesBehind(calls, data)
  return { bytes: written.bytes + asked.bytes + listBytes(data), hasCalls: asked.found }
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

const quote = 34
const backslash = 92

/** Sum of the strings that begin where `begin` has matched. */
function bytesBehind(
  begin: RegExp,
  data: string,
  from = 0,
): { readonly bytes: number; readonly found: boolean } {
  let bytes = 0
  let found = false
  for (begin.lastIndex = from; begin.test(data);) {
    bytes += stringBytes(data, begin.lastIndex)
    found = true
  }
  return { bytes, found }
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

function listBytes(data: string): number {
  const first = data.search(list)
  return first < 0 ? 0 : bytesBehind(listTexts, data, first).bytes
}
