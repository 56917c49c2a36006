import { GatewayError, type JsonObject, type Turn } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { encodeParts } from './encode-parts.ts'
import type { Message } from './encode-turns.ts'
import { ownExtra } from './losses.ts'
import { placeSystem } from './place-system.ts'
import { plainText } from './plain-text.ts'
import type { Scope } from './scope.ts'
import { wireCallId } from './tool-names.ts'

/**
 * The conversation of a client of this wire: every turn as it was bounded, calls and results as they were paired. Only
 * what the target cannot take is changed: system messages for models without them, state that is not its own. A turn
 * that is left with nothing disappears. Throws `GatewayError` `invalid_request` when nothing is left at all.
 */
export function encodeOwnTurns(turns: readonly Turn[], scope: Scope): Message[] {
  const messages: Message[] = []
  for (const turn of scope.rules.midSystem ? turns : placeSystem(turns, scope)) {
    const pointer = turn.at ?? ''
    const role = roleOf(turn)
    const content = encodeParts(
      turn.parts,
      role === 'assistant' ? 'assistant' : 'user',
      scope,
      pointer,
      ({ callId }) => wireCallId(callId),
      ({ callId }) => wireCallId(callId),
    )
    const extra = ownExtra(turn.extra, pointer, scope.losses)
    if (content.length === 0 && turn.parts.length > 0) continue
    const message = { role, content, ...extra }
    if (turn.parts.length === 1 && turn.parts[0]?.at === pointerTo(pointer, 'content'))
      scope.strings.add(message)
    messages.push(message)
  }
  if (messages.length > 0) return messages
  throw new GatewayError({
    class: 'invalid_request',
    message: 'The conversation has no message that this model could answer.',
    param: '/messages',
  })
}

/** Messages as their clients spelled them: a string where that was one. */
export function spelled(messages: readonly Message[], scope: Scope): readonly JsonObject[] {
  return messages.map((message) => {
    const [only] = message.content
    const text = scope.strings.has(message) ? plainText(only) : undefined
    return text === undefined ? message : { ...message, content: text }
  })
}

function roleOf({ role }: Turn): Message['role'] {
  if (role === 'developer') return 'system'
  return role === 'tool' ? 'user' : role
}
