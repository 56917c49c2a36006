import type { Part, Turn } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { protocolName } from '../name.ts'
import { isSystem, reportTurn, textOnly } from './encode-system.ts'
import type { Scope } from './scope.ts'

/**
 * Brings system turns inside the conversation behind the user's run that they stand in, because the wire wants them
 * between a user message and an assistant's. Models without mid-conversation system messages get marked user text.
 * Returns turns of roles `system`, `user`, `assistant` and `tool`.
 */
export function placeSystem(turns: readonly Turn[], scope: Scope): readonly Turn[] {
  const placed: Turn[] = []
  let waiting: Turn[] = []
  const moved = new Set<Turn>()
  const flush = (): void => {
    for (const turn of waiting) {
      if (moved.has(turn)) {
        scope.losses.approximated(
          turn.at ?? '',
          'turn.system',
          'moved behind the user messages that follow it',
        )
      }
      placed.push(turn)
    }
    waiting = []
  }
  for (const turn of turns) {
    reportTurn(turn, turn.at ?? '', scope)
    if (isSystem(turn)) {
      const system: Turn = { ...turn, role: 'system', parts: textOnly(turn.parts, scope) }
      if (scope.rules.midSystem) waiting.push(system)
      else placed.push(foldSystem(system, scope))
      continue
    }
    if (turn.role === 'assistant') flush()
    else for (const system of waiting) moved.add(system)
    placed.push(turn)
  }
  flush()
  return placed
}

/** A system turn as marked user text, for models and places that take none. */
export function foldSystem(turn: Turn, scope: Scope): Turn {
  scope.losses.lowered(turn.at ?? '', 'turn.system', 'sent as marked user text')
  const parts = turn.parts.map((part): Part =>
    part.type === 'text' && part.text.trim() !== ''
      ? { ...part, text: `<system>\n${part.text}\n</system>` }
      : part,
  )
  // What a system message may say beside its words (an effort for the next turn), a user's may not.
  const { extra, ...rest } = turn
  for (const [key, value] of Object.entries(extra?.[protocolName] ?? {})) {
    if (!key.startsWith('$') && value !== null) {
      scope.losses.dropped(pointerTo(turn.at ?? '', key), `turn.${key}`, 'a user message does not take it')
    }
  }
  const foreign = Object.entries(extra ?? {}).filter(([protocol]) => protocol !== protocolName)
  return {
    ...rest,
    role: 'user',
    parts,
    ...(foreign.length > 0 && { extra: Object.fromEntries(foreign) }),
  }
}
