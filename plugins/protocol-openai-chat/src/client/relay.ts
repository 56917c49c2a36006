import type { Relay, Splice, Target, WireRequest } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { quirksOf } from './quirks.ts'
import { createTap } from './tap.ts'

/** Client headers that may reach an upstream of the same protocol; `x-codex-` is a prefix. */
const allowed: ReadonlySet<string> = new Set([
  'content-type',
  'accept',
  'openai-beta',
  'session-id',
  'thread-id',
  'x-client-request-id',
  'x-session-affinity',
])

/** Chat on both sides: bytes pass, only the model and `include_usage` are set. */
export const relay: Relay = {
  path: () => '/chat/completions',
  headers(wire: WireRequest) {
    const picked: { [name: string]: string } = {}
    for (const name of wire.headerNames?.() ?? wire.headers.keys()) {
      if (!allowed.has(name) && !name.startsWith('x-codex-')) continue
      const value = wire.headers.get(name)
      if (value !== null) picked[name] = value
    }
    return picked
  },
  splices(wire: WireRequest, target: Target): readonly Splice[] {
    const body = wire.json()
    const splices: Splice[] = []
    if (body['model'] !== target.model) splices.push({ pointer: '/model', value: target.model })
    if (body['stream'] === true && quirksOf(target).includeUsage !== false) {
      const options = body['stream_options']
      if (!isObject(options)) splices.push({ pointer: '/stream_options', value: { include_usage: true } })
      else if (options['include_usage'] !== true) {
        splices.push({ pointer: '/stream_options/include_usage', value: true })
      }
    }
    return splices
  },
  tap: createTap,
}
