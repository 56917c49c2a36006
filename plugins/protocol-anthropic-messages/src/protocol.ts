import type { Protocol } from '@gantry/core'
import { decodeError } from './client/decode-error.ts'
import { decodeResponse } from './client/decode-response.ts'
import { encodeRequest } from './client/encode-request.ts'
import { relay } from './client/relay.ts'
import { streamDecoder } from './client/stream-decoder.ts'
import { protocolName } from './name.ts'

/** Anthropic Messages, the end that faces upstreams. */
export const protocol: Protocol<'anthropic-messages'> = {
  name: protocolName,
  contract: 1,
  client: {
    codecs: { generate: { encodeRequest, decodeResponse, streamDecoder } },
    decodeError,
    relay,
    framing: 'sse',
    lacks: ['choices'],
  },
  carrier: 'signature',
}
