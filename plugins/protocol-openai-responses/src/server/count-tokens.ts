import type { JsonObject, ServerCodec, TokenCount } from '@gantry/core'
import { ownFields } from '../own.ts'
import { decodeCount } from './decode-request.ts'

/** `POST /responses/input_tokens`: how many tokens a request would be. */
export const countTokensCodec: ServerCodec<'countTokens'> = {
  routes: [{ method: 'POST', path: '/responses/input_tokens' }],
  decodeRequest: decodeCount,
  encodeResponse: (response: TokenCount): JsonObject => ({
    ...ownFields(response),
    object: 'response.input_tokens',
    input_tokens: response.tokens,
  }),
}
