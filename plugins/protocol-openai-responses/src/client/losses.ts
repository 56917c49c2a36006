import type { ClientContext, Extra, Loss } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { name as protocol } from '../name.ts'
import { isEmpty } from '../own.ts'

/** Tells core what the wire cannot carry; each `what` of a pointer once. */
export interface Losses {
  dropped(pointer: string, what: string, note?: string): void
  approximated(pointer: string, what: string, note?: string): void
  /** Carried as another construct. */
  lowered(pointer: string, what: string, note?: string): void
  /** Fields that clients of other protocols wrote on a node: they have no place here. Notes and empties are no loss. */
  foreign(extra: Extra | undefined, pointer: string): void
}

/** Losses of one request. */
export function createLosses(context: ClientContext): Losses {
  const seen = new Set<string>()
  const report = (how: Loss['how'], pointer: string, what: string, note: string | undefined): void => {
    const mark = `${what} ${pointer}`
    if (seen.has(mark)) return
    seen.add(mark)
    context.report({ pointer, what, how, target: protocol, ...(note !== undefined && { note }) })
  }
  return {
    dropped: (pointer, what, note) => report('dropped', pointer, what, note),
    approximated: (pointer, what, note) => report('approximated', pointer, what, note),
    lowered: (pointer, what, note) => report('lowered', pointer, what, note),
    foreign(extra, pointer) {
      if (!extra) return
      for (const [origin, fields] of Object.entries(extra)) {
        if (origin === protocol) continue
        for (const [key, value] of Object.entries(fields)) {
          if (key.startsWith('$') || isEmpty(value)) continue
          report('dropped', pointerTo(pointer, key), `extra.${key}`, undefined)
        }
      }
    },
  }
}
