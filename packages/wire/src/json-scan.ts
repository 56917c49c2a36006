import { WireError } from './error.ts'

/** One member of an object or one element of an array, as byte positions. */
export interface Slot {
  /** Place among its siblings. */
  readonly index: number
  /** First byte: the key's quote, or the value itself in an array. */
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
  /** The comma before it, or -1 for the first. */
  readonly commaBefore: number
  /** The comma after it, or -1 for the last. */
  readonly commaAfter: number
}

/** What a scan of one object or array found. */
export interface Container {
  readonly kind: 'object' | 'array'
  /** Position after the opening bracket. */
  readonly inside: number
  readonly count: number
  /** End of the last value, or `inside` when empty. */
  readonly lastEnd: number
  /** Wanted slots by name, in order: an object may hold a key twice. */
  readonly found: ReadonlyMap<string, Slot[]>
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const decoder: { decode(bytes: Uint8Array): string } = new TextDecoder('utf-8', { ignoreBOM: true })

/** Scans the direct children of the object or array at `at`; `undefined` when the value there is neither. */
export function scanContainer(
  bytes: Uint8Array,
  at: number,
  wanted: ReadonlySet<string>,
): Container | undefined {
  const open = bytes[at]
  if (open !== OPEN_OBJECT && open !== OPEN_ARRAY) return undefined
  const isObject = open === OPEN_OBJECT
  const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY
  const found = new Map<string, Slot[]>()
  let count = 0
  let commaBefore = -1
  let lastEnd = at + 1
  let position = skipSpace(bytes, at + 1)
  if (bytes[position] === close) return { kind: kindOf(isObject), inside: at + 1, count, lastEnd, found }
  for (;;) {
    const start = position
    let name: string
    if (isObject) {
      if (bytes[position] !== QUOTE) throw broken(position)
      const keyEnd = skipString(bytes, position)
      name = keyOf(bytes, position, keyEnd)
      position = skipSpace(bytes, keyEnd)
      if (bytes[position] !== COLON) throw broken(position)
      position = skipSpace(bytes, position + 1)
    } else name = String(count)
    const valueStart = position
    lastEnd = skipValue(bytes, position)
    position = skipSpace(bytes, lastEnd)
    const isLast = bytes[position] === close
    if (!isLast && bytes[position] !== COMMA) throw broken(position)
    if (wanted.has(name)) {
      const commaAfter = isLast ? -1 : position
      const slot: Slot = { index: count, start, valueStart, valueEnd: lastEnd, commaBefore, commaAfter }
      const known = found.get(name)
      if (known) known.push(slot)
      else found.set(name, [slot])
    }
    count++
    if (isLast) return { kind: kindOf(isObject), inside: at + 1, count, lastEnd, found }
    commaBefore = position
    position = skipSpace(bytes, position + 1)
  }
}

/** Position after a byte order mark and white space: where the document's value begins. */
export function documentStart(bytes: Uint8Array): number {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return skipSpace(bytes, marked ? 3 : 0)
}

/** Position after the value at `at`. Iterative: depth costs nothing. Brackets are counted, not matched. */
export function skipValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at]
  if (first === QUOTE) return skipString(bytes, at)
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return skipScalar(bytes, at)
  let depth = 0
  let position = at
  while (position < bytes.length) {
    const byte = bytes[position]
    if (byte === QUOTE) {
      position = skipString(bytes, position)
      continue
    }
    position++
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth--
      if (depth === 0) return position
    }
  }
  throw broken(position)
}

/** Position after the closing quote of the string whose opening quote is at `at`. */
export function skipString(bytes: Uint8Array, at: number): number {
  let position = at + 1
  for (;;) {
    const near = Math.min(bytes.length, position + 32)
    while (position < near) {
      const byte = bytes[position]
      if (byte === QUOTE) return position + 1
      position += byte === BACKSLASH ? 2 : 1
    }
    // Long strings (images in base64) are where a native search pays; the last escape may end beyond `near`.
    // In quoted code it finds one escaped quote after another, and the loop is cheaper than as many calls.
    const from = position
    position = bytes.indexOf(QUOTE, from)
    if (position === -1) throw broken(bytes.length)
    let slash = position
    while (slash > from && bytes[slash - 1] === BACKSLASH) slash--
    position++
    if ((position - 1 - slash) % 2 === 0) return position
  }
}

export function skipSpace(bytes: Uint8Array, at: number): number {
  let position = at
  for (;;) {
    const byte = bytes[position]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return position
    position++
  }
}

/** A fault of the text, with its place. */
export function broken(position: number): WireError {
  return new WireError('json_syntax', `The body is not valid JSON near byte ${position}.`)
}

function skipScalar(bytes: Uint8Array, at: number): number {
  let position = at
  while (position < bytes.length && isScalarByte(bytes[position] as number)) position++
  if (position === at) throw broken(at)
  return position
}

/** Digits, letters, `+`, `-`, `.`: the bytes of numbers and of `true`, `false`, `null`. */
function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45
  )
}

/** The text of a member's name, from its opening quote to after its closing one. */
export function keyOf(bytes: Uint8Array, start: number, end: number): string {
  const inner = bytes.subarray(start + 1, end - 1)
  if (!inner.includes(BACKSLASH)) return decoder.decode(inner)
  try {
    return JSON.parse(decoder.decode(bytes.subarray(start, end))) as string
  } catch {
    throw broken(start)
  }
}

function kindOf(isObject: boolean): 'object' | 'array' {
  return isObject ? 'object' : 'array'
}
