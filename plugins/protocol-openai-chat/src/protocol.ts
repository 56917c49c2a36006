import { definePlugin, type Plugin, type PluginFactory, type Protocol, type ServerCodec } from '@gantry/core'
import { clientCodec } from './client/codec.ts'
import { decodeError } from './client/decode-error.ts'
import { relay } from './client/relay.ts'
import { name } from './own.ts'
import { carrier } from './reasoning.ts'
import { decodeRequest } from './server/decode-request.ts'
import { encodeError } from './server/encode-error.ts'
import { encodeResponse } from './server/encode-response.ts'
import { modelsCodec } from './server/models.ts'
import { streamEncoder } from './server/stream-encoder.ts'

const generate: ServerCodec<'generate'> = {
  routes: [{ method: 'POST', path: '/chat/completions' }],
  decodeRequest,
  encodeResponse,
  streamEncoder,
}

/** OpenAI Chat Completions, both ends, without the plugin around it. */
export const protocol: Protocol<'openai-chat'> = {
  name,
  contract: 1,
  server: { codecs: { generate, listModels: modelsCodec }, encodeError },
  client: { codecs: { generate: clientCodec }, decodeError, relay, framing: 'sse' },
  carrier,
}

/** OpenAI Chat Completions as a plugin; it has no options. */
export const openaiChat: PluginFactory<void, { protocol: 'openai-chat' }> = definePlugin({
  create: (): Plugin<{ protocol: 'openai-chat' }> => ({
    name: 'protocol-openai-chat',
    provides: { protocol: [protocol] },
  }),
})
