import type { ProtocolClient } from '@gantry/core'
import { compactCodec } from './compact.ts'
import { countTokensCodec } from './count-tokens.ts'
import { decodeError } from './decode-error.ts'
import { decodeResponse } from './decode-response.ts'
import { encodeRequest } from './encode-request.ts'
import { relay } from './relay.ts'
import { streamDecoder } from './stream-decoder.ts'

/** The end of the Responses wire that faces upstreams. */
export const client: ProtocolClient = {
  codecs: {
    generate: { encodeRequest, decodeResponse, streamDecoder },
    compact: compactCodec,
    countTokens: countTokensCodec,
  },
  decodeError,
  relay,
  framing: 'sse',
  lacks: ['choices', 'stop'],
}
