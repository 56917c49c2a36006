import {
  GatewayError,
  type ClientCodec,
  type ClientContext,
  type GenerateRequest,
  type JsonObject,
  type TokenCount,
  type UpstreamRequest,
} from '@gantry/core'
import { collectExtra } from '@gantry/core/codec'
import { asNumber, type Block } from '../json.ts'
import { protocolName } from '../name.ts'
import { errorFromEnvelope } from './decode-error.ts'
import { isErrorEnvelope } from './decode-response.ts'
import { encodeRequest } from './encode-request.ts'

/** Fields of `POST /messages/count_tokens`; it refuses all others (`BetaCountMessageTokensParams` of the API's description). */
const known: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'cache_control',
  'context_management',
  'mcp_servers',
  'speed',
])
const keys: ReadonlySet<string> = new Set(['input_tokens'])

/** Counting towards an upstream. */
export const countTokensCodec: ClientCodec<'countTokens'> = { encodeRequest: encodeCount, decodeResponse }

/** A request as `POST /messages/count_tokens`: what says nothing about the size of the input is left out. */
function encodeCount(request: GenerateRequest, context: ClientContext): UpstreamRequest {
  const encoded = encodeRequest(request, context)
  const body: Block = {}
  for (const [field, value] of Object.entries(encoded.body)) if (known.has(field)) body[field] = value
  return { ...encoded, path: '/messages/count_tokens', body }
}

/** Throws `GatewayError` `upstream_failed` for an answer without a count. */
function decodeResponse(body: JsonObject, _context: ClientContext): TokenCount {
  if (isErrorEnvelope(body)) throw new GatewayError(errorFromEnvelope(body))
  const tokens = asNumber(body['input_tokens'])
  if (tokens === undefined || !Number.isSafeInteger(tokens) || tokens < 0) {
    throw new GatewayError({
      class: 'upstream_failed',
      message: 'The upstream answered without a count of tokens.',
      source: 'upstream',
    })
  }
  const rest = collectExtra(body, keys)
  return { tokens, ...(rest && { extra: { [protocolName]: rest } }) }
}
