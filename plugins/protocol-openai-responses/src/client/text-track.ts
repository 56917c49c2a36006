/** A text that arrives in pieces and may be stated whole in the end. Joined once, so that it is linear. */
export interface TextTrack {
  add(text: string): void
  /**
   * The text is stated whole: what was not streamed of it, to be sent on as a last piece. Nothing when it contradicts
   * what was streamed: then the statement has to replace it.
   */
  missing(whole: string): string
  value(): string
}

/** Starts an empty text. */
export function trackText(): TextTrack {
  let pieces: string[] = []
  const value = (): string => {
    if (pieces.length > 1) pieces = [pieces.join('')]
    return pieces[0] ?? ''
  }
  return {
    add: (text) => void pieces.push(text),
    missing(whole) {
      const seen = value()
      return whole.length > seen.length && whole.startsWith(seen) ? whole.slice(seen.length) : ''
    },
    value,
  }
}
