import type { JsonObject } from '@gantry/core'
import type { UpstreamMaterial } from './personality.ts'

const id = 'chatcmpl-1'
const chunk = (choice: object, more: object = {}): { readonly data: string } => ({
  data: JSON.stringify({
    id,
    object: 'chat.completion.chunk',
    created: 1_760_000_000,
    model: 'model-a',
    choices: [{ index: 0, finish_reason: null, ...choice }],
    ...more,
  }),
})
const chatUsage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }

/** A short answer of a host that speaks Chat Completions; its text has characters of several bytes. */
export const chatMaterial: UpstreamMaterial = {
  frames: [
    chunk({ delta: { role: 'assistant', content: '' } }),
    chunk({ delta: { content: 'Grüße' } }),
    chunk({ delta: { content: ' aus ' } }),
    chunk({ delta: { content: '東京 🗼' } }),
    chunk({ delta: {}, finish_reason: 'stop' }),
    { data: chunk({}, { choices: [], usage: chatUsage }).data },
    { data: '[DONE]' },
  ],
  body: {
    id,
    object: 'chat.completion',
    created: 1_760_000_000,
    model: 'model-a',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Grüße aus 東京 🗼' }, finish_reason: 'stop' },
    ],
    usage: chatUsage,
  },
  error: { error: { message: 'The model is at its limit.', type: 'server_error', param: null, code: null } },
}

const named = (
  event: string,
  fields: JsonObject = {},
): { readonly event: string; readonly data: string } => ({
  event,
  data: JSON.stringify({ type: event, ...fields }),
})
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'model-a',
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 1 },
}
const text = (piece: string): { readonly event: string; readonly data: string } =>
  named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: piece } })
const overloaded = { error: { type: 'overloaded_error', message: 'Overloaded' } }

/** The same answer of a host that speaks Messages. */
export const anthropicMaterial: UpstreamMaterial = {
  frames: [
    named('message_start', { message }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...['Grüße', ' aus ', '東京 🗼'].map(text),
    named('content_block_stop', { index: 0 }),
    named('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 4 },
    }),
    named('message_stop'),
  ],
  body: {
    ...message,
    content: [{ type: 'text', text: 'Grüße aus 東京 🗼' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 9, output_tokens: 4 },
  },
  error: { type: 'error', ...overloaded },
  errorFrame: named('error', overloaded),
}
