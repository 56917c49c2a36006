import { definePlugin, type Host, type PluginFactory, type Plugin } from '@gantry/core'
import { createDesk } from './desk.ts'
import { totalOf, withinBytes } from './estimate.ts'
import { optionsSchema, type ResolvedOptions, type TokensLocalOptions } from './options.ts'
import { createRules } from './rules.ts'
import { weigh } from './weigh.ts'

/**
 * Estimates how many tokens a request has, for those whose upstreams do not count: by OpenAI's o200k vocabulary in a
 * worker, and rules per family of models for what frames the text.
 */
export const tokensLocal: PluginFactory<TokensLocalOptions | undefined, { tokens: 'local' }> = definePlugin({
  name: 'tokens-local',
  schema: optionsSchema,
  create: createTokensLocal,
})

function createTokensLocal(options: ResolvedOptions): Plugin<{ tokens: 'local' }> {
  const desk = createDesk(options)
  const rulesOf = createRules(options.families)
  const open = ({ logger }: Host): void => desk.open(logger)
  return {
    name: 'tokens-local',
    // The worker and what it remembers outlive an edit of the config.
    keep: true,
    setup: open,
    adopt: open,
    close: () => desk.close(),
    provides: {
      tokens: [
        {
          name: 'local',
          async count(request, model, signal) {
            const weighed = weigh(request, rulesOf(model))
            const sent = withinBytes(weighed.pieces, options.maxBytes)
            return totalOf(weighed, sent.length > 0 ? await desk.count(sent, signal) : [])
          },
        },
      ],
    },
  }
}
