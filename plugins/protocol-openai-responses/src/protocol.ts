import { definePlugin, type Plugin, type PluginFactory, type Protocol } from '@gantry/core'
import { name } from './name.ts'
import { server } from './server/server.ts'

/** OpenAI Responses, without the plugin around it. */
export const protocol: Protocol<'openai-responses'> = { name, contract: 1, server, carrier: 'encrypted' }

/** OpenAI Responses as a plugin; it has no options. */
export const openaiResponses: PluginFactory<void, { protocol: 'openai-responses' }> = definePlugin({
  create: (): Plugin<{ protocol: 'openai-responses' }> => ({
    name: 'protocol-openai-responses',
    provides: { protocol: [protocol] },
  }),
})
