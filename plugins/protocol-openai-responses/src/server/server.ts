import type { ProtocolServer } from '@gantry/core'
import { compactCodec, compacts } from './compact.ts'
import { countTokensCodec } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { encodeError } from './encode-error.ts'
import { encodeResponse } from './encode-response.ts'
import { streamEncoder } from './stream-encoder.ts'

/** The end of the Responses wire that faces clients. */
export const server: ProtocolServer = {
  codecs: {
    generate: {
      routes: [{ method: 'POST', path: '/responses' }],
      decodeRequest,
      encodeResponse,
      streamEncoder,
      compacts,
    },
    compact: compactCodec,
    countTokens: countTokensCodec,
  },
  encodeError,
}
