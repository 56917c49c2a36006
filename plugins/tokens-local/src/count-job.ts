import { createCountCache } from './count-cache.ts'
import { countPages } from './count-pages.ts'
import { countText } from './count-text.ts'
import type { Counted, Job } from './messages.ts'

/** What counting a job needs. */
export interface JobOptions {
  readonly tokenise: (text: string) => number
  readonly cacheBytes: number
  readonly isStopped: () => boolean
  /** Milliseconds, from anywhere. */
  readonly now: () => number
}

/** Makes what counts jobs: pieces in order, until the time is over or somebody stops it. */
export function createJobCounter(options: JobOptions): (job: Job) => readonly Counted[] {
  const { tokenise, isStopped, now } = options
  const cache = createCountCache(options.cacheBytes)
  return ({ pieces, budgetMs }) => {
    const until = now() + budgetMs
    const goesOn = (): boolean => !isStopped() && now() < until
    const counts: Counted[] = []
    for (const piece of pieces) {
      const { kind, text } = piece
      const known = cache.get(piece)
      if (known !== undefined) {
        counts.push({ count: known, read: text.length })
        continue
      }
      if (!goesOn()) break
      const counted = kind === 'pdf' ? countPages(text) : countText(text, tokenise, goesOn)
      counts.push(counted)
      if (counted.read < text.length) break
      cache.set(piece, counted.count)
    }
    return counts
  }
}
