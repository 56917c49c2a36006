import type { JsonObject } from '@gantry/core'
import type { WireError } from './refusal.ts'

/** The error envelope of both OpenAI wires. */
export function openaiError({ status, message, param, code }: WireError): JsonObject {
  const [type, known] =
    kinds[status] ?? (status >= 500 ? ['server_error', null] : ['invalid_request_error', null])
  return { error: { message, type: code === 'insufficient_quota' ? code : type, param, code: code ?? known } }
}

/** Headers of every answer of both OpenAI wires. */
export function openaiHeaders(hash: string): { readonly [name: string]: string } {
  return { 'x-request-id': `req_${hash.slice(0, 32)}` }
}

/** What is said of an error inside a stream. */
export const streamErrorWords = 'The server had an error while processing your request. Sorry about that!'

/** Type and code that go with a status where nothing more is known. */
const kinds: { readonly [status: number]: readonly [string, string | null] } = {
  401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', null],
  429: ['requests', 'rate_limit_exceeded'],
}
