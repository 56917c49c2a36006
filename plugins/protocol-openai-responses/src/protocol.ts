import { definePlugin, type Plugin, type PluginFactory, type Protocol } from '@gantry/core'
import { client } from './client/client.ts'
import { name } from './name.ts'
import { type OpenaiResponsesOptions, readOptions, type ResolvedOptions } from './options.ts'
import { server } from './server/server.ts'
import { storedCodec } from './stored/codec.ts'
import { memory } from './stored/memory.ts'
import { socket } from './stored/socket.ts'

/** OpenAI Responses without the plugin around it, and without a memory. */
export const protocol: Protocol<'openai-responses'> = createProtocol({ websocket: true })

/** OpenAI Responses as a plugin, both ends. */
export const openaiResponses: PluginFactory<
  OpenaiResponsesOptions | undefined,
  { protocol: 'openai-responses' }
> = definePlugin({
  name: 'protocol-openai-responses',
  schema: readOptions,
  create: (options: ResolvedOptions): Plugin<{ protocol: 'openai-responses' }> => ({
    name: 'protocol-openai-responses',
    provides: { protocol: [createProtocol(options)] },
  }),
})

function createProtocol({ keepMs, websocket }: ResolvedOptions): Protocol<'openai-responses'> {
  const kept = memory(keepMs)
  return {
    name,
    contract: 1,
    server: {
      ...server,
      codecs: { ...server.codecs, stored: storedCodec },
      memory: kept,
      ...(websocket && { socket: socket(kept) }),
    },
    client,
    carrier: 'encrypted',
  }
}
