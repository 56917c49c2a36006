import type { ClientContext, Extra, JsonObject, Loss } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { isEmpty } from '../json.ts'
import { protocolName } from '../name.ts'

/** Tells core what the wire cannot carry; each `what` of a pointer once. */
export interface Losses {
  dropped(pointer: string, what: string, note?: string): void
  approximated(pointer: string, what: string, note?: string): void
  /** Carried as another construct. */
  lowered(pointer: string, what: string, note?: string): void
}

/** Losses of one request. */
export function createLosses(context: ClientContext): Losses {
  const seen = new Set<string>()
  const report = (how: Loss['how'], pointer: string, what: string, note: string | undefined): void => {
    const mark = `${what} ${pointer}`
    if (seen.has(mark)) return
    seen.add(mark)
    context.report({
      pointer,
      what,
      how,
      target: context.target.protocol,
      ...(note !== undefined && { note }),
    })
  }
  return {
    dropped: (pointer, what, note) => report('dropped', pointer, what, note),
    approximated: (pointer, what, note) => report('approximated', pointer, what, note),
    lowered: (pointer, what, note) => report('lowered', pointer, what, note),
  }
}

/**
 * Fields of our own protocol that the model has no place for, ready to be spread into the wire object.
 * Fields of other protocols have no place here: they are reported at the node they stood on.
 */
export function ownExtra(extra: Extra | undefined, pointer: string, losses: Losses): JsonObject {
  if (!extra) return {}
  const own: [string, JsonObject[string]][] = []
  for (const [protocol, fields] of Object.entries(extra)) {
    for (const [key, value] of Object.entries(fields)) {
      if (key.startsWith('$')) continue
      if (protocol === protocolName) own.push([key, value])
      else if (!isEmpty(value)) losses.dropped(pointerTo(pointer, key), 'extra', `a field of ${protocol}`)
    }
  }
  return Object.fromEntries(own)
}
