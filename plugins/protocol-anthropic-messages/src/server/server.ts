import type { ProtocolServer } from '@gantry/core'
import { countTokensCodec } from './count-tokens.ts'
import { decodeRequest } from './decode-request.ts'
import { encodeError } from './encode-error.ts'
import { encodeResponse } from './encode-response.ts'
import { modelsCodec } from './models.ts'
import { streamEncoder } from './stream-encoder.ts'

/** The end of the Messages wire that faces clients. */
export const server: ProtocolServer = {
  codecs: {
    generate: {
      routes: [{ method: 'POST', path: '/messages' }],
      decodeRequest,
      encodeResponse,
      streamEncoder,
    },
    countTokens: countTokensCodec,
    listModels: modelsCodec,
  },
  encodeError,
}
