import { openaiError, openaiHeaders } from '../openai.ts'
import { WireError } from '../refusal.ts'
import type { Wire } from '../wire.ts'
import { checkResponses } from './check.ts'
import { readResponses } from './read.ts'
import { failedResponse, framesResponse, wholeResponse } from './write.ts'

/** The responses wire as OpenAI serves it. */
export const responsesWire: Wire = {
  path: '/responses',
  also: { '/responses/compact': 'compact', '/responses/input_tokens': 'count' },
  check: (body, _headers, operation) => checkResponses(body, operation),
  read: readResponses,
  whole: wholeResponse,
  frames: framesResponse,
  counted: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  error: openaiError,
  unknownModel: (model) =>
    new WireError(400, `The requested model '${model}' does not exist.`, 'model', 'model_not_found'),
  streamError: failedResponse,
  headers: openaiHeaders,
}
