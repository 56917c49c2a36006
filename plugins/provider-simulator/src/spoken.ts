import { hasInstructions } from './script.ts'

/** A message as far as it matters for finding what the user asked. `results`: what tools answered, with words or without. */
export interface Turn {
  readonly kind: 'user' | 'results' | 'assistant' | 'other'
  readonly texts: readonly string[]
}

/**
 * Which message asks something: the last that the user wrote, or -1. Passed over are context, and words that come with
 * or right after the results of tools, such as “Tool loaded.”, unless they are instructions.
 */
export function promptAt(turns: readonly Turn[]): number {
  const isUser = ({ kind, texts }: Turn): boolean =>
    (kind === 'user' || kind === 'results') && texts.join('').trim() !== ''
  let before: Turn['kind'] = 'other'
  const remarks = turns.map(({ kind }) => {
    const remark = kind === 'results' || (kind === 'user' && before === 'results')
    if (kind !== 'other') before = kind
    return remark
  })
  const asked = turns.findLastIndex((turn, at) => {
    if (!isUser(turn) || isContext(turn.texts)) return false
    return !remarks[at] || hasInstructions(words(turn.texts))
  })
  return asked >= 0 ? asked : turns.findLastIndex(isUser)
}

/**
 * Agents put context of their own into user messages: a block that one element wraps from its first to its last
 * character, such as `<system-reminder>…</system-reminder>`. It is not what the user said.
 */
export function isContext(texts: readonly string[]): boolean {
  return texts.every((text) => spoken(text).trim() === '')
}

/**
 * What the user said, one text a line; all of it where there is only context. Of several texts with instructions only
 * the last counts: they are messages that were joined, because nothing is left of the answers between them.
 */
export function words(texts: readonly string[]): string {
  const own = isContext(texts) ? texts : texts.map(spoken).filter((text) => text.trim() !== '')
  const last = own.findLastIndex(hasInstructions)
  return own.filter((text, at) => at === last || last < 0 || !hasInstructions(text)).join('\n')
}

// A text of nothing but elements that never end must not be searched over and over.
const mostUnclosed = 16

/** A text without the elements that begin a line and end one. */
function spoken(text: string): string {
  const kept: string[] = []
  const unclosed = new Set<string>()
  const opening = /^[ \t]*<([a-z][a-z0-9_-]{0,63})(?: [^<>\n]{0,500})?>/gm
  let at = 0
  for (let found = opening.exec(text); found && unclosed.size < mostUnclosed; found = opening.exec(text)) {
    const name = found[1] ?? ''
    if (unclosed.has(name)) continue
    const end = closing(text, name, opening.lastIndex)
    if (end < 0) {
      unclosed.add(name)
      continue
    }
    kept.push(text.slice(at, found.index))
    at = end
    opening.lastIndex = end
  }
  kept.push(text.slice(at))
  return kept.join('')
}

/** Where an element ends, its end being the last thing of a line; -1 without one. */
function closing(text: string, name: string, from: number): number {
  const tag = `</${name}>`
  for (let at = text.indexOf(tag, from); at >= 0; at = text.indexOf(tag, at + 1)) {
    const end = at + tag.length
    const line = /[^\S\n]*(?:\n|$)/y
    line.lastIndex = end
    if (line.test(text)) return end
  }
  return -1
}
