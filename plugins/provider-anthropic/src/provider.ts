import { defineProvider, GatewayError } from '@gantry/core'
import type { Context, HttpProvider, ProviderFactory } from '@gantry/core'
import { classifyAnthropic } from './classify.ts'
import { schema } from './options.ts'
import type { AnthropicOptions, AnthropicSettings } from './options.ts'

/** Name of the protocol Anthropic speaks. */
export const messagesProtocol = 'anthropic-messages'

/**
 * Anthropic over its Messages wire.
 *
 * `anthropic-version` is not set here: it belongs to the body, so it is the client's own when bytes are relayed
 * and the protocol's when a request is converted.
 *
 * ```ts
 * providers: { anthropic: anthropic({ apiKey: [env('ANTHROPIC_KEY_1'), env('ANTHROPIC_KEY_2')] }) }
 * ```
 */
export const anthropic: ProviderFactory<AnthropicOptions> = defineProvider<
  AnthropicOptions,
  AnthropicSettings
>({
  name: 'provider-anthropic',
  schema,
  create: (settings) => ({
    name: 'provider-anthropic',
    provider: (name) => anthropicProvider(name, settings),
  }),
})

function anthropicProvider<N extends string>(name: N, settings: AnthropicSettings): HttpProvider<N> {
  const { apiKeys, baseUrl, betas, timeouts, models } = settings
  const keys = apiKeys.map((key) => ({ 'x-api-key': key }))
  return {
    name,
    speaks: [messagesProtocol],
    quirks: { [messagesProtocol]: settings.quirks },
    credentials: keys.length,
    // Anthropic's documentation says nothing about what a closed connection still costs.
    cancelStopsBilling: 'unknown',
    retryAfterSent: settings.retryAfterSent,
    ...(timeouts && { timeouts }),
    endpoint(target, context) {
      const headers = keys[target.credential ?? 0]
      if (headers && betas.length === 0) return { url: baseUrl, headers }
      if (headers) {
        return { url: baseUrl, headers: { ...headers, 'anthropic-beta': joinBetas(betas, context) } }
      }
      throw new GatewayError({
        class: 'internal',
        message: `Provider ${name} has no credential ${target.credential}.`,
      })
    },
    classify: classifyAnthropic,
    ...(models && { models: () => models.map((id) => ({ id })) }),
  }
}

/** Ours and those a client of the same protocol asks for: its body may hold what only its betas allow. */
function joinBetas(ours: readonly string[], context: Context): string {
  const asked = context.protocol === messagesProtocol ? context.wire.headers.get('anthropic-beta') : null
  const theirs = (asked ?? '').split(',').map((name) => name.trim())
  return [...new Set([...ours, ...theirs])].filter(Boolean).join(',')
}
