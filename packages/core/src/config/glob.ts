/** A compiled pattern: whether a name matches it. Work is linear in name and pattern, whatever both hold. */
export type Glob = (name: string) => boolean

/**
 * Compiles a pattern in which `*` stands for any run of characters, `/` included; everything else is literal.
 * No regular expression is involved, because names come from clients.
 */
export function compileGlob(pattern: string): Glob {
  const pieces = pattern.split('*')
  const head = pieces[0] ?? ''
  if (pieces.length === 1) return (name) => name === head
  const tail = pieces.at(-1) ?? ''
  const middle = pieces
    .slice(1, -1)
    .filter((piece) => piece !== '')
    .map(compileNeedle)
  const shortest = pattern.length - (pieces.length - 1)
  if (shortest === 0) return () => true
  return (name) => {
    if (name.length < shortest || !name.startsWith(head) || !name.endsWith(tail)) return false
    const end = name.length - tail.length
    let at = head.length
    // The leftmost place for each piece leaves the most room for the next, so nothing is ever tried twice.
    for (const needle of middle) {
      at = findNeedle(needle, name, at, end)
      if (at < 0) return false
    }
    return true
  }
}

/** Compiles several patterns into one test; plain names cost one lookup however many there are. */
export function compileGlobs(patterns: readonly string[]): Glob {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const globs = [...new Set(patterns)].filter((pattern) => pattern.includes('*')).map(compileGlob)
  return (name) => exact.has(name) || globs.some((glob) => glob(name))
}

// ---

interface Needle {
  readonly text: string
  /** Length of the longest proper border of each prefix (Knuth, Morris, Pratt). */
  readonly borders: Int32Array
}

function compileNeedle(text: string): Needle {
  const borders = new Int32Array(text.length)
  for (let index = 1, length = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    while (length > 0 && text.charCodeAt(length) !== code) length = borders[length - 1] ?? 0
    if (text.charCodeAt(length) === code) length++
    borders[index] = length
  }
  return { text, borders }
}

/** Position after the first occurrence in `[from, end)`, or -1. */
function findNeedle({ text, borders }: Needle, name: string, from: number, end: number): number {
  const first = text.charAt(0)
  let matched = 0
  for (let index = from; index < end; index++) {
    if (matched === 0) {
      // The engine skips to the next candidate many characters at a time; it never looks back, so this stays linear.
      index = name.indexOf(first, index)
      if (index < 0 || index >= end) return -1
    }
    const code = name.charCodeAt(index)
    while (matched > 0 && text.charCodeAt(matched) !== code) matched = borders[matched - 1] ?? 0
    if (text.charCodeAt(matched) === code) matched++
    if (matched === text.length) return index + 1
  }
  return -1
}
