import { keyOf } from './json-scan.ts'

/** Remembers the names of an object's members. */
export interface Members {
  /** Takes the name from its opening quote to after its closing one; gives it back when it was there before. */
  add(start: number, end: number): string | undefined
}

/** Up to here names are compared by their bytes: decoding ten names costs more than looking at them. */
const mostCompared = 24

const BACKSLASH = 0x5c

/** Makes an empty memory over `bytes`. Linear in what it is given. */
export function createMembers(bytes: Uint8Array): Members {
  const starts: number[] = []
  const ends: number[] = []
  let names: Set<string> | undefined

  /** One text for each name: its bytes, without escapes, each as a character. That is cheaper than to decode them. */
  function textOf(start: number, end: number): string {
    if (isEscaped(bytes, start, end)) return Buffer.from(keyOf(bytes, start, end)).toString('latin1')
    return Buffer.from(bytes.buffer, bytes.byteOffset + start + 1, end - start - 2).toString('latin1')
  }

  function addText(start: number, end: number): boolean {
    names ??= new Set(starts.map((from, index) => textOf(from, ends[index] as number)))
    const { size } = names
    names.add(textOf(start, end))
    return names.size > size
  }

  return {
    add(start, end) {
      if (names !== undefined || starts.length === mostCompared || isEscaped(bytes, start, end)) {
        return addText(start, end) ? undefined : keyOf(bytes, start, end)
      }
      for (let index = 0; index < starts.length; index++) {
        if (isSame(bytes, starts[index] as number, ends[index] as number, start, end)) {
          return keyOf(bytes, start, end)
        }
      }
      starts.push(start)
      ends.push(end)
      return undefined
    },
  }
}

/** One name has several spellings with escapes. */
function isEscaped(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

function isSame(bytes: Uint8Array, from: number, to: number, start: number, end: number): boolean {
  if (to - from !== end - start) return false
  for (let offset = 1; offset < end - start; offset++) {
    if (bytes[from + offset] !== bytes[start + offset]) return false
  }
  return true
}
