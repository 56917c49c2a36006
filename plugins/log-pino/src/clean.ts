/** Makes texts fit to be logged. */
export interface Cleaner {
  /** For a text that is new with every request: the client's own id, words of an error. */
  once(text: string): string
  /** For a text that comes again: names of models, groups, accounts, targets. */
  again(text: string): string
}

/** Names seen by one gateway are few; more than this is somebody making them up. */
const mostRemembered = 1000

/**
 * A cleaner over a redactor. It remembers what became of names: a redactor tries many patterns on each text, and the
 * same dozen names would be searched for secrets with every request.
 */
export function createCleaner(redact: (text: string) => string): Cleaner {
  const known = new Map<string, string>()
  return {
    once: redact,
    again(text) {
      const before = known.get(text)
      if (before !== undefined) return before
      const after = redact(text)
      if (known.size >= mostRemembered) known.clear()
      known.set(text, after)
      return after
    },
  }
}
