import type { Usage } from '../model/index.ts'
import type { Operation, Operations, PriceLine } from '../contract/index.ts'

/**
 * Freezes a decoded request down to its parts: every attempt and every hook sees the same one, and a hook that edits
 * instead of replacing would change what others send. Deeper values (schemas, `extra`) are left as they are.
 */
export function freezeRequest<R extends Operations[Operation]['request']>(request: R): R {
  if ('turns' in request) {
    for (const turn of request.turns) {
      freezeAll(turn.parts)
      Object.freeze(turn)
    }
    Object.freeze(request.turns)
    if (request.instructions) freezeAll(request.instructions)
    if (request.tools) freezeAll(request.tools)
  } else if ('inputs' in request) Object.freeze(request.inputs)
  return Object.freeze(request)
}

/** Freezes what a settlement is made of. */
export function freezeBill(usage: Usage, lines: readonly PriceLine[]): void {
  Object.freeze(usage.tokens)
  Object.freeze(usage)
  freezeAll(lines)
}

function freezeAll(list: readonly object[]): void {
  for (const one of list) Object.freeze(one)
  Object.freeze(list)
}
