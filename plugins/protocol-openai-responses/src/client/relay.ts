import type { Relay, Splice, Target, WireRequest } from '@gantry/core'
import { storeOf } from './encode-options.ts'
import { quirksOf } from './quirks.ts'
import { fits } from './relay-fits.ts'
import { createTap } from './tap.ts'

/** Client headers that may reach an upstream of the same wire: what it is, betas, and the names of Codex's sessions. */
const allowed: ReadonlySet<string> = new Set([
  'content-type',
  'accept',
  'openai-beta',
  'originator',
  'session-id',
  'session_id',
  'thread-id',
  'thread_id',
  'x-client-request-id',
  'x-session-affinity',
])
const allowedPrefixes: readonly string[] = ['x-codex-', 'x-openai-', 'x-responsesapi-']

/** Fields that are never taken out: without them there is no request. */
const needed: ReadonlySet<string> = new Set(['model', 'input', 'stream'])

/**
 * Responses on both sides: bytes pass. Set are the model and `store` (as when encoded: nothing is stored); taken out is what the host is known to refuse.
 */
export const relay: Relay = {
  path: () => '/responses',
  headers(wire: WireRequest) {
    const picked: { [name: string]: string } = {}
    for (const [name, value] of wire.headers) {
      if (allowed.has(name) || allowedPrefixes.some((prefix) => name.startsWith(prefix))) picked[name] = value
    }
    return picked
  },
  splices(wire: WireRequest, target: Target): readonly Splice[] {
    const body = wire.json()
    const quirks = quirksOf(target)
    const refused = new Set(quirks.refuses.filter((field) => !needed.has(field)))
    const splices: Splice[] = []
    if (body['model'] !== target.model) splices.push({ pointer: '/model', value: target.model })
    const asked = typeof body['store'] === 'boolean' ? body['store'] : undefined
    const store = storeOf(quirks.store, asked)
    if (store !== undefined && store !== body['store'] && !refused.has('store')) {
      splices.push({ pointer: '/store', value: store })
    }
    for (const field of refused) {
      if (body[field] !== undefined) splices.push({ pointer: `/${escaped(field)}` })
    }
    return splices
  },
  fits,
  tap: createTap,
}

function escaped(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1')
}
