import type { ClientCodec } from '@gantry/core'
import { decodeResponse } from './decode-response.ts'
import { encodeRequest } from './encode-request.ts'
import { streamDecoder } from './stream-decoder.ts'

/** The `generate` operation towards an upstream. */
export const clientCodec: ClientCodec<'generate'> = { encodeRequest, decodeResponse, streamDecoder }
