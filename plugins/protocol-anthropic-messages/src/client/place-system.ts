import type { Part, Turn } from '@gantry/core'
import { isSystem, reportTurn, textOnly } from './encode-system.ts'
import type { Scope } from './scope.ts'

/**
 * Puts system turns inside the conversation where the wire takes them: after a user message, last or followed by an
 * assistant, never two in a row. Models without mid-conversation system messages, and places where none may stand,
 * get them as marked user text instead.
 * Returns turns of roles `system`, `user` and `assistant` (and `tool`), system ones already in a legal place.
 */
export function placeSystem(turns: readonly Turn[], scope: Scope): readonly Turn[] {
  const placed: Turn[] = []
  let pending: Turn[] = []
  const flush = (): void => {
    for (const turn of pending) {
      const before = placed.findLast((other) => !isSystem(other))
      const legal = before !== undefined && before.role !== 'assistant'
      placed.push(legal ? turn : fold(turn, scope))
    }
    pending = []
  }
  for (const turn of turns) {
    const pointer = turn.at ?? ''
    reportTurn(turn, pointer, scope)
    if (isSystem(turn)) {
      const system: Turn = { ...turn, role: 'system', parts: textOnly(turn.parts, scope) }
      if (scope.rules.midSystem) pending.push(system)
      else placed.push(fold(system, scope))
    } else if (turn.role === 'assistant') {
      flush()
      placed.push(turn)
    } else {
      // It has to wait until the user's run is over.
      for (const waiting of pending) {
        scope.losses.approximated(
          waiting.at ?? '',
          'turn.system',
          'moved behind the user messages that follow it',
        )
      }
      placed.push(turn)
    }
  }
  flush()
  return placed
}

function fold(turn: Turn, scope: Scope): Turn {
  scope.losses.lowered(turn.at ?? '', 'turn.system', 'sent as marked user text')
  const parts = turn.parts.map((part): Part =>
    part.type === 'text' && part.text.trim() !== ''
      ? { ...part, text: `<system>\n${part.text}\n</system>` }
      : part,
  )
  return { ...turn, role: 'user', parts }
}
