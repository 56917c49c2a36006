import type { Json } from '../model/index.ts'
import { ownValue } from './json.ts'

/** Takes `{"input": "…"}` apart while it arrives. */
export interface Unwrapper {
  /** The next piece of the wrapped arguments; gives what of the input it completes, often less than arrived. */
  push(piece: string): string
  /** No more pieces: gives what was held back. */
  end(): string
}

/** `{`, the key, `:`, the opening quote; white space may stand between them. */
const opening: readonly string[] = ['{', '"input"', ':', '"']

/**
 * Unwraps freeform arguments that travelled as a JSON object with one string. Escapes may be cut anywhere, and a
 * surrogate pair is never given out in halves. Text that is wrapped differently (another key first, no JSON at all)
 * is held until its end and then unwrapped if it can be, else given as it is. However the pieces are cut, the result
 * is the same.
 */
export function unwrapInput(): Unwrapper {
  let state: 'opening' | 'string' | 'closed' | 'held' = 'opening'
  let step = 0
  let matched = 0
  let held: string[] = []
  /** An escape whose end has not arrived. */
  let escape = ''
  /** A high surrogate whose low one has not arrived. */
  let high = ''

  const hold = (): void => {
    state = 'held'
  }

  const give = (out: string[], text: string): void => {
    if (text === '') return
    const joined = high + text
    high = ''
    const last = joined.charCodeAt(joined.length - 1)
    if (last >= 0xd800 && last <= 0xdbff) {
      high = joined.slice(-1)
      out.push(joined.slice(0, -1))
    } else out.push(joined)
  }

  const readOpening = (piece: string): number => {
    let at = 0
    while (at < piece.length) {
      const char = piece[at] ?? ''
      const want = opening[step] ?? ''
      if (matched === 0 && isSpace(char)) at++
      else if (char === want[matched]) {
        at++
        if (++matched === want.length) {
          matched = 0
          if (++step === opening.length) {
            state = 'string'
            return at
          }
        }
      } else {
        hold()
        return at
      }
    }
    return at
  }

  const readString = (piece: string, from: number, out: string[]): void => {
    let run = from
    let at = from
    while (at < piece.length) {
      const char = piece[at] ?? ''
      if (escape !== '') {
        escape += char
        run = ++at
        if (escapeIsWhole(escape)) {
          give(out, unescape(escape))
          escape = ''
        }
      } else if (char === '\\') {
        give(out, piece.slice(run, at))
        escape = char
        run = ++at
      } else if (char === '"') {
        give(out, piece.slice(run, at))
        state = 'closed'
        return
      } else at++
    }
    give(out, piece.slice(run))
  }

  return {
    push(piece) {
      if (state === 'closed') return ''
      if (state === 'held') {
        held.push(piece)
        return ''
      }
      const out: string[] = []
      let from = 0
      if (state === 'opening') {
        held.push(piece)
        from = readOpening(piece)
      }
      if (state === 'string') {
        held = []
        readString(piece, from, out)
      }
      return out.join('')
    },
    end() {
      if (state === 'opening' || state === 'held') {
        state = 'closed'
        return unwrapWhole(held.join(''))
      }
      state = 'closed'
      const rest = high
      high = ''
      return rest
    },
  }
}

/** Wrapped, but not as we asked: one parse of the whole. */
function unwrapWhole(text: string): string {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    return text
  }
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return text
  const fields = value as { readonly [key: string]: Json }
  const input = ownValue(fields, 'input')
  if (typeof input === 'string') return input
  const [only, ...others] = Object.values(fields)
  if (only === undefined) return ''
  return typeof only === 'string' && others.length === 0 ? only : text
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t'
}

function escapeIsWhole(escape: string): boolean {
  return escape.length === (escape[1] === 'u' ? 6 : 2)
}

/** Escapes that JSON does not know stay as written. */
function unescape(escape: string): string {
  try {
    return JSON.parse(`"${escape}"`) as string
  } catch {
    return escape
  }
}
