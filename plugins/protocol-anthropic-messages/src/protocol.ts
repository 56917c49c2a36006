import type { Protocol } from '@gantry/core'
import { countTokensCodec } from './client/count-tokens.ts'
import { decodeError } from './client/decode-error.ts'
import { decodeResponse } from './client/decode-response.ts'
import { encodeRequest } from './client/encode-request.ts'
import { relay } from './client/relay.ts'
import { streamDecoder } from './client/stream-decoder.ts'
import { protocolName } from './name.ts'
import { server } from './server/server.ts'

/** Anthropic Messages, both ends, without the plugin around it. */
export const protocol: Protocol<'anthropic-messages'> = {
  name: protocolName,
  contract: 1,
  server,
  client: {
    codecs: { generate: { encodeRequest, decodeResponse, streamDecoder }, countTokens: countTokensCodec },
    decodeError,
    relay,
    framing: 'sse',
    lacks: ['choices'],
  },
  carrier: 'signature',
}
