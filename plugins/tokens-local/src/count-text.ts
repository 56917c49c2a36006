import type { Counted } from './messages.ts'

/**
 * Longest run of one kind of character that a tokeniser gets in one piece. A word of n bytes costs it n², and a text
 * without spaces is one word: cut like this, 100 KB of it are 100 times 1 KB. Real words are shorter; the cut costs at
 * most a token each time.
 */
const longestRun = 63

/** Characters between two looks at the clock, where nothing forces an earlier one. */
const stretch = 4096

/**
 * Counts in pieces, each cut before a space where there is one, so that the pieces have the tokens of the whole. Stops
 * between two of them when `goesOn` says so.
 */
export function countText(text: string, tokenise: (piece: string) => number, goesOn: () => boolean): Counted {
  let count = 0
  let start = 0
  while (start < text.length) {
    if (!goesOn()) return { count, read: start }
    const end = endOfPiece(text, start)
    count += tokenise(start === 0 && end === text.length ? text : text.slice(start, end))
    start = end
  }
  return { count, read: start }
}

// ---

function endOfPiece(text: string, start: number): number {
  let kind = kindOf(text.charCodeAt(start))
  let run = 1
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const next = kindOf(code)
    if (next === kind) {
      run++
      // Not between the halves of one character.
      if (run > longestRun && !isSecondHalf(code)) return at
      continue
    }
    const length = at - start
    if (length >= stretch && (next === space || length >= 2 * stretch)) return at
    kind = next
    run = 1
  }
  return text.length
}

type Kind = 0 | 1 | 2 | 3
const word: Kind = 0
const digit: Kind = 1
const space: Kind = 2
const sign: Kind = 3

/** What the vocabulary's own split never joins; whatever is not ASCII counts as a letter, so that no run is missed. */
function kindOf(code: number): Kind {
  return code < 0x80 ? ascii[code]! : word
}

const ascii: readonly Kind[] = Array.from({ length: 0x80 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[a-z]/i.test(char)) return word
  if (/\d/.test(char)) return digit
  return /\s/.test(char) ? space : sign
})

function isSecondHalf(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
