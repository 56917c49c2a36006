import type { Part, Splice, Target, WireRequest } from '@gantry/core'
import { asObject, asString } from '../json.ts'
import { modelRules } from '../models.ts'
import type { Scope } from './scope.ts'

/**
 * How Claude Code's first system block begins. The vendor reads it and leaves it out of its prompt cache; for any other
 * host it is the beginning of the prompt, changes with every session and so makes its cache useless.
 */
const opening = 'x-anthropic-billing-header:'

/** The system prompt for a model: without the billing block where nobody bills by it. */
export function withoutBilling(parts: readonly Part[], scope: Scope): readonly Part[] {
  if (scope.rules.billingBlock) return parts
  return parts.filter((part) => {
    if (part.type !== 'text' || !part.text.startsWith(opening)) return true
    scope.losses.dropped(part.at ?? '/instructions', 'instructions.billing_header')
    return false
  })
}

/** The same for a request that is relayed. The body is searched first, and read only where the block is in it. */
export function billingSplices(wire: WireRequest, target: Target): readonly Splice[] {
  if (modelRules(target).billingBlock) return []
  const { body } = wire
  if (!Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(opening)) return []
  const system = wire.json()['system']
  if (!Array.isArray(system)) return []
  const found = system.flatMap((block, index) =>
    asString(asObject(block)?.['text'])?.startsWith(opening) ? [index] : [],
  )
  // An empty list is refused by some hosts.
  if (found.length === system.length && found.length > 0) return [{ pointer: '/system' }]
  // From behind, so that the places before stay what they are.
  return found.toReversed().map((index) => ({ pointer: `/system/${index}` }))
}
