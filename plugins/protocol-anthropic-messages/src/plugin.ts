import { definePlugin, type PluginFactory } from '@gantry/core'
import { protocol } from './protocol.ts'

/** Lets every target that speaks `anthropic-messages` be reached. It takes no options. */
export const anthropicMessages: PluginFactory<void, { protocol: 'anthropic-messages' }> = definePlugin({
  create: () => ({ name: 'protocol-anthropic-messages', provides: { protocol: [protocol] } }),
})
