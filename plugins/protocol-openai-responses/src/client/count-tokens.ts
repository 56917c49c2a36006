import {
  GatewayError,
  type ClientCodec,
  type ClientContext,
  type GenerateRequest,
  type JsonObject,
  type TokenCount,
  type UpstreamRequest,
} from '@gantry/core'
import { restOf, type Draft } from '../own.ts'
import { errorInside, isErrorBody } from './decode-error.ts'
import { encodeBody, withoutRefused } from './encode-request.ts'
import { createScope } from './scope.ts'

/** Fields of `POST /responses/input_tokens` (API reference; `InputTokenCountParams` of openai 7.55). */
const known: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'conversation',
  'previous_response_id',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'truncation',
  'personality',
])
const keys: ReadonlySet<string> = new Set(['object', 'input_tokens'])

/** Counting towards an upstream. */
export const countTokensCodec: ClientCodec<'countTokens'> = { encodeRequest, decodeResponse }

/** A request as `POST /responses/input_tokens`: what says nothing about the size of the input is left out. */
function encodeRequest(request: GenerateRequest, context: ClientContext): UpstreamRequest {
  const scope = createScope(request, context)
  const body: Draft = encodeBody(request, scope)
  for (const field of Object.keys(body)) if (!known.has(field)) delete body[field]
  return { path: '/responses/input_tokens', body: withoutRefused(body, scope) }
}

/** Throws `GatewayError` `upstream_failed` for an answer without a count. */
function decodeResponse(body: JsonObject, _context: ClientContext): TokenCount {
  if (isErrorBody(body)) throw new GatewayError(errorInside(body))
  const tokens = body['input_tokens']
  if (typeof tokens !== 'number' || !Number.isSafeInteger(tokens) || tokens < 0) {
    throw new GatewayError({
      class: 'upstream_failed',
      message: 'The upstream answered without a count of tokens.',
      source: 'upstream',
    })
  }
  return { tokens, ...restOf(body, keys) }
}
