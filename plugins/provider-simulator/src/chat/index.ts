import type { JsonObject } from '@gantry/core'
import type { WireError } from '../refusal.ts'
import type { Wire } from '../wire.ts'
import { checkChat } from './check.ts'
import { readChat } from './read.ts'
import { framesChat, wholeChat } from './write.ts'

/** The chat wire as OpenAI serves it. */
export const chatWire: Wire = {
  path: '/chat/completions',
  check: checkChat,
  read: readChat,
  whole: wholeChat,
  frames: framesChat,
  error: chatError,
  streamError: () =>
    `data: ${JSON.stringify({
      error: {
        message: 'The server had an error while processing your request. Sorry about that!',
        type: 'server_error',
        param: null,
        code: null,
      },
    })}\n\n`,
  headers: (hash) => ({ 'x-request-id': `req_${hash.slice(0, 32)}` }),
}

function chatError({ status, message, param, code }: WireError): JsonObject {
  const [type, known] =
    kinds[status] ?? (status >= 500 ? ['server_error', null] : ['invalid_request_error', null])
  return { error: { message, type: code === 'insufficient_quota' ? code : type, param, code: code ?? known } }
}

/** Type and code that go with a status where nothing more is known. */
const kinds: { readonly [status: number]: readonly [string, string | null] } = {
  401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', null],
  429: ['requests', 'rate_limit_exceeded'],
}
