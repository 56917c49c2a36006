import type { GenerateRequest, Turn } from '@gantry/core'
import type { Block } from '../json.ts'
import { withoutBilling } from './billing.ts'
import { encodeParts } from './encode-parts.ts'
import { ownExtra } from './losses.ts'
import { plainText } from './plain-text.ts'
import type { Scope } from './scope.ts'

/** System and developer turns before anybody else speaks: they belong to the top-level `system`. */
export function leadingSystem(turns: readonly Turn[]): number {
  const first = turns.findIndex((turn) => !isSystem(turn))
  return first < 0 ? turns.length : first
}

/** Whether a turn speaks for the operator. */
export function isSystem(turn: Turn): boolean {
  return turn.role === 'system' || turn.role === 'developer'
}

/**
 * The top-level `system`: instructions, leading system turns, then our own instructions for what the wire cannot say.
 * A string when it is one plain text, else text blocks; undefined when there is none.
 */
export function encodeSystem(
  request: GenerateRequest,
  leading: readonly Turn[],
  added: readonly string[],
  scope: Scope,
): string | readonly Block[] | undefined {
  const blocks: Block[] = encodeParts(
    textOnly(withoutBilling(request.instructions ?? [], scope), scope),
    'user',
    scope,
    '/instructions',
  )
  for (const turn of leading) {
    const pointer = turn.at ?? ''
    reportTurn(turn, pointer, scope)
    ownExtra(turn.extra, pointer, scope.losses)
    blocks.push(...encodeParts(textOnly(turn.parts, scope), 'user', scope, pointer))
  }
  for (const text of added) blocks.push({ type: 'text', text })
  if (blocks.length === 0) return undefined
  const isString = !scope.own || request.instructions?.[0]?.at === '/system'
  return (blocks.length === 1 && isString ? plainText(blocks[0]) : undefined) ?? blocks
}

/** Names and phases of a turn have no field here. */
export function reportTurn(turn: Turn, pointer: string, scope: Scope): void {
  if (turn.name) scope.losses.dropped(pointer, 'turn.name')
  if (turn.phase) scope.losses.dropped(pointer, 'turn.phase')
}

/** The system prompt is text; anything else in it is reported. */
export function textOnly<P extends { readonly type: string; readonly at?: string }>(
  parts: readonly P[],
  scope: Scope,
): readonly P[] {
  return parts.filter((part) => {
    const fine = part.type === 'text' || part.type === 'native'
    if (!fine) scope.losses.dropped(part.at ?? '', `part.${part.type}`, 'a system prompt is text')
    return fine
  })
}
