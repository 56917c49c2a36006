import type { JsonObject, ServerCodec, TokenCount } from '@gantry/core'
import { decodeCount } from './decode-request.ts'
import { ownFields } from './place.ts'

/** `POST /messages/count_tokens`: how many tokens a request would be. */
export const countTokensCodec: ServerCodec<'countTokens'> = {
  routes: [{ method: 'POST', path: '/messages/count_tokens' }],
  decodeRequest: decodeCount,
  encodeResponse: (response: TokenCount): JsonObject => ({
    ...ownFields(response.extra),
    input_tokens: response.tokens,
  }),
}
