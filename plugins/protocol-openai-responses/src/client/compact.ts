import type { ClientCodec, ClientContext, GenerateRequest, UpstreamRequest } from '@gantry/core'
import type { Draft } from '../own.ts'
import { decodeCompact } from './decode-compact.ts'
import { encodeBody, withoutRefused } from './encode-request.ts'
import { createScope } from './scope.ts'

/**
 * Fields of `POST /responses/compact`: those of the API's reference, and those that Codex sends beside them. Anything
 * else (`client_metadata` of some builds) makes strict upstreams answer 400.
 */
const known: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'previous_response_id',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'service_tier',
  'image',
  'tools',
  'parallel_tool_calls',
  'reasoning',
  'text',
])

/** Wishes about an answer, which compacting has none of: they are left out without a word. */
const silent: ReadonlySet<string> = new Set(['store', 'include', 'stream', 'tool_choice'])

/** Compacting towards an upstream. */
export const compactCodec: ClientCodec<'compact'> = { encodeRequest, decodeResponse: decodeCompact }

/** A request as `POST /responses/compact`. Fields that the endpoint does not know are left out and reported. */
function encodeRequest(request: GenerateRequest, context: ClientContext): UpstreamRequest {
  const scope = createScope(request, context)
  const body: Draft = encodeBody(request, scope)
  for (const field of Object.keys(body)) {
    if (known.has(field)) continue
    // Core's losses are about what the client wrote; `store: false` is ours.
    if (!silent.has(field))
      scope.losses.dropped(`/${field}`, `compact.${field}`, 'this endpoint does not know it')
    delete body[field]
  }
  const lowered = scope.names.lowered()
  return {
    path: '/responses/compact',
    body: withoutRefused(body, scope),
    ...(lowered && { lowered }),
  }
}
