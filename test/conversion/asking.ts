import type { JsonObject } from '@gantry/core'
import type { Wire } from './reading.ts'

/** A request as a client of one wire makes it. */
export interface Asked {
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: JsonObject
}

/** The plainest request of a wire for one model. */
export function askIn(wire: Wire, model: string, stream: boolean, text: string = 'hello'): Asked {
  switch (wire) {
    case 'openai-chat':
      return {
        path: '/v1/chat/completions',
        headers: {},
        body: {
          model,
          stream,
          messages: [{ role: 'user', content: text }],
          ...(stream && { stream_options: { include_usage: true } }),
        },
      }
    case 'openai-responses':
      return { path: '/v1/responses', headers: {}, body: { model, stream, input: text } }
    case 'anthropic-messages':
      return {
        path: '/v1/messages',
        headers: { 'anthropic-version': '2023-06-01' },
        body: { model, stream, max_tokens: 1024, messages: [{ role: 'user', content: text }] },
      }
  }
}
