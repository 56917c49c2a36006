import type { Loss, Part, Report } from '@gantry/core'
import { name } from '../own.ts'

/** Reports one part of an answer that a chat client cannot get as it is. */
export type Loser = (position: number, part: Part, what: string, how?: Loss['how']) => void

/** Reports losses of one choice; each kind once a part. */
export function partLoss(choice: number, report: Report): Loser {
  const seen = new Set<string>()
  const base = choice === 0 ? '/parts' : `/alternatives/${choice - 1}/parts`
  return (position, _part, what, how = 'dropped') => {
    const pointer = `${base}/${position}`
    const key = `${what} ${pointer}`
    if (seen.has(key)) return
    seen.add(key)
    report({ pointer, what, how, target: name })
  }
}
