import { defineProvider, GatewayError } from '@gantry/core'
import type { HttpProvider, JsonObject, ProviderFactory, ProviderPlugin } from '@gantry/core'
import { classifyCompatible } from './classify.ts'
import { compatibleSchema } from './options.ts'
import type { CompatibleSettings, OpenAICompatibleOptions } from './options.ts'

/** Name of the protocol that every host of this kind speaks. */
export const chatProtocol = 'openai-chat'

/** Name of the protocol that some speak too. */
export const responsesProtocol = 'openai-responses'

/**
 * Any host that speaks the OpenAI Chat wire, the Responses wire, or both: a base URL, credentials and what is odd about it, all data.
 *
 * ```ts
 * providers: { vllm: openaiCompatible({ baseUrl: 'http://10.0.0.7:8000/v1', apiKey: env('VLLM_KEY') }) }
 * ```
 */
export const openaiCompatible: ProviderFactory<OpenAICompatibleOptions> = defineProvider<
  OpenAICompatibleOptions,
  CompatibleSettings
>({
  name: 'provider-openai-compatible',
  schema: compatibleSchema({ quirks: compatibleQuirks() }, { apiKey: false }),
  create: (settings) => compatiblePlugin('provider-openai-compatible', settings),
})

/** What nearly every compatible host understands: the old names of the wire, and no freeform tools. */
export function compatibleQuirks(): { maxTokens: string; systemRole: string; customTools: boolean } {
  return { maxTokens: 'max_tokens', systemRole: 'system', customTools: false }
}

/** The dialects of the wires that the host speaks. */
function quirksOf({ speaks, quirks, responsesQuirks }: CompatibleSettings): {
  readonly [protocol: string]: JsonObject
} {
  const all: [string, JsonObject][] = [
    [chatProtocol, quirks],
    [responsesProtocol, responsesQuirks],
  ]
  return Object.fromEntries(all.filter(([wire]) => speaks.some((one) => one === wire)))
}

/** The plugin over validated settings; vendors with options of their own build on it. */
export function compatiblePlugin(plugin: string, settings: CompatibleSettings): ProviderPlugin {
  return { name: plugin, provider: (name) => compatibleProvider(name, settings) }
}

/** The provider itself, under the name that the config gives it. */
export function compatibleProvider<N extends string>(name: N, settings: CompatibleSettings): HttpProvider<N> {
  const { apiKeys, headers, timeouts, models } = settings
  // One header object per credential, made once: `endpoint` runs on every attempt.
  const endpoints =
    apiKeys.length > 0
      ? apiKeys.map((key) => ({
          url: settings.baseUrl,
          headers: { ...headers, authorization: `Bearer ${key}` },
        }))
      : [{ url: settings.baseUrl, headers }]
  return {
    name,
    speaks: settings.speaks,
    quirks: quirksOf(settings),
    credentials: endpoints.length,
    cancelStopsBilling: settings.cancelStopsBilling,
    retryAfterSent: settings.retryAfterSent,
    ...(timeouts && { timeouts }),
    endpoint(target) {
      const endpoint = endpoints[target.credential ?? 0]
      if (endpoint) return endpoint
      throw new GatewayError({
        class: 'internal',
        message: `Provider ${name} has no credential ${target.credential}.`,
      })
    },
    classify: classifyCompatible,
    ...(models && { models: () => models.map((id) => ({ id })) }),
  }
}
