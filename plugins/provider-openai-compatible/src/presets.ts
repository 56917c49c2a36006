import { defineProvider } from '@gantry/core'
import type { ProviderFactory } from '@gantry/core'
import { compatibleSchema } from './options.ts'
import type {
  CompatibleDefaults,
  CompatibleSettings,
  OpenAICompatibleOptions,
  VendorOptions,
} from './options.ts'
import { compatiblePlugin, compatibleQuirks } from './provider.ts'

/**
 * DeepSeek. Its base URL has no version (api-docs.deepseek.com, "Your First API Call"). It answers 400 when the
 * thinking of a turn with tool calls does not come back (guides/thinking_mode).
 */
export const deepseek: ProviderFactory<VendorOptions> = vendor('deepseek', {
  baseUrl: 'https://api.deepseek.com',
  quirks: { reasoningField: 'reasoning_content' },
})

/** Options of OpenRouter: the usual ones, and how your site shows up in its rankings. */
export interface OpenRouterOptions extends VendorOptions {
  /** Sent as `http-referer`. */
  readonly referer?: string
  /** Sent as `x-title`. */
  readonly title?: string
}

/**
 * OpenRouter (openrouter.ai/docs: quickstart, reasoning tokens, prompt caching). Only some of its hosts stop their
 * meter on cancel.
 */
export const openrouter: ProviderFactory<OpenRouterOptions> = vendor(
  'openrouter',
  {
    baseUrl: 'https://openrouter.ai/api/v1',
    quirks: {
      reasoning: 'reasoning',
      reasoningField: 'reasoning',
      cacheHints: 'cache_control',
      topK: true,
    },
  },
  { referer: 'http-referer', title: 'x-title' },
)

/** Groq (console.groq.com/docs/openai); `max_tokens` is deprecated there. */
export const groq: ProviderFactory<VendorOptions> = vendor('groq', {
  baseUrl: 'https://api.groq.com/openai/v1',
  quirks: { maxTokens: 'max_completion_tokens' },
})

/**
 * Mistral (docs.mistral.ai/api). Answers 422 to `stream_options` and reports usage without being asked; takes only
 * call ids of nine letters and digits.
 */
export const mistral: ProviderFactory<VendorOptions> = vendor('mistral', {
  baseUrl: 'https://api.mistral.ai/v1',
  quirks: { includeUsage: false, callIdPattern: '^[a-zA-Z0-9]{9}$', callIdMax: 9 },
})

/** xAI (docs.x.ai); its reasoning models know only `max_completion_tokens`. */
export const xai: ProviderFactory<VendorOptions> = vendor('xai', {
  baseUrl: 'https://api.x.ai/v1',
  quirks: { maxTokens: 'max_completion_tokens' },
})

/** Together AI (docs.together.ai, "OpenAI compatibility"; the older host was api.together.xyz). */
export const together: ProviderFactory<VendorOptions> = vendor('together', {
  baseUrl: 'https://api.together.ai/v1',
  quirks: { topK: true },
})

/**
 * Moonshot, international (platform.kimi.ai/docs/api/overview); keys of the Chinese platform want
 * `https://api.moonshot.cn/v1`. Its thinking models answer 400 when the thinking of a tool call does not come back.
 */
export const moonshot: ProviderFactory<VendorOptions> = vendor('moonshot', {
  baseUrl: 'https://api.moonshot.ai/v1',
  quirks: { reasoningField: 'reasoning_content' },
})

/** Options of a server on this machine or in the house; all may be left out. */
export type LocalOptions = Omit<OpenAICompatibleOptions, 'baseUrl'> & { readonly baseUrl?: string }

/** Ollama by default (its port 11434); set `baseUrl` for vLLM (8000), llama.cpp (8080) or LM Studio (1234). Your own metal has no meter. */
export const local: ProviderFactory<LocalOptions | undefined> = defineProvider<
  LocalOptions | undefined,
  CompatibleSettings
>({
  name: 'local',
  schema: compatibleSchema(
    {
      baseUrl: 'http://127.0.0.1:11434/v1',
      quirks: compatibleQuirks(),
      cancelStopsBilling: true,
      retryAfterSent: true,
    },
    { apiKey: false },
  ),
  create: (settings) => compatiblePlugin('local', settings),
})

function vendor<Options extends VendorOptions>(
  name: string,
  defaults: CompatibleDefaults,
  named: { readonly [option: string]: string } = {},
): ProviderFactory<Options> {
  const known = { ...defaults, quirks: { ...compatibleQuirks(), ...defaults.quirks } }
  return defineProvider<Options, CompatibleSettings>({
    name,
    schema: compatibleSchema(known, { apiKey: true, named }),
    create: (settings) => compatiblePlugin(name, settings),
  })
}
