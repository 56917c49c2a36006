import type { JsonObject } from '@gantry/core'
import { WireError } from '../refusal.ts'
import type { Wire } from '../wire.ts'
import { checkMessages } from './check.ts'
import { readMessages } from './read.ts'
import { event, framesMessage, wholeMessage } from './write.ts'

/** The messages wire as Anthropic serves it. */
export const messagesWire: Wire = {
  path: '/messages',
  also: { '/messages/count_tokens': 'count' },
  check: checkMessages,
  read: readMessages,
  whole: wholeMessage,
  frames: framesMessage,
  error: messagesError,
  unknownModel: (model) => new WireError(404, `model: ${model}`),
  counted: (tokens) => ({ input_tokens: tokens }),
  streamError(_reply, { code }) {
    const type = (code && namesOf[code]) ?? code ?? 'overloaded_error'
    const message = { overloaded_error: 'Overloaded', api_error: 'Internal server error' }[type] ?? type
    return event({ type: 'error', error: { type, message } })
  },
  headers: (hash) => ({ 'request-id': requestId(hash) }),
}

function messagesError({ status, message, code }: WireError, hash: string): JsonObject {
  const type = code ?? types[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return { type: 'error', error: { type, message }, request_id: requestId(hash) }
}

function requestId(hash: string): string {
  return `req_011${hash.slice(0, 21)}`
}

/** What OpenAI's codes are called here. */
const namesOf: { readonly [code: string]: string } = {
  server_error: 'api_error',
  server_is_overloaded: 'overloaded_error',
  rate_limit_exceeded: 'rate_limit_error',
}

const types: { readonly [status: number]: string } = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}
