import { modelNotFound } from '../models.ts'
import { openaiError, openaiHeaders, streamErrorWords } from '../openai.ts'
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
  counted: (tokens) => ({ input_tokens: tokens }),
  error: openaiError,
  unknownModel: modelNotFound,
  streamError: (_reply, { code }) =>
    `data: ${JSON.stringify({ error: { message: streamErrorWords, type: 'server_error', param: null, code: code ?? null } })}\n\n`,
  headers: openaiHeaders,
}
