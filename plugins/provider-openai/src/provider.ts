import { defineProvider } from '@gantry/core'
import type { ProviderFactory } from '@gantry/core'
import { compatiblePlugin, compatibleSchema } from '@gantry/provider-openai-compatible'
import type { CompatibleSettings, VendorOptions } from '@gantry/provider-openai-compatible'
import { openaiQuirks, openaiResponsesQuirks } from './quirks.ts'

/** Options of OpenAI. `baseUrl` is for regional hosts and proxies; `https://api.openai.com/v1` otherwise. */
export interface OpenAIOptions extends VendorOptions {
  /** Organization to bill, sent as `openai-organization`; only for keys that belong to several. */
  readonly organization?: string
  /** Project to bill, sent as `openai-project`; only for keys that are not a project's own. */
  readonly project?: string
}

/**
 * OpenAI over both of its wires: clients of either are relayed, all others reach it over Responses, or over chat where
 * that protocol is not installed.
 *
 * ```ts
 * providers: { openai: openai({ apiKey: env('OPENAI_API_KEY') }) }
 * ```
 */
export const openai: ProviderFactory<OpenAIOptions> = defineProvider<OpenAIOptions, CompatibleSettings>({
  name: 'provider-openai',
  schema: compatibleSchema(
    {
      baseUrl: 'https://api.openai.com/v1',
      // Best first: what reasoning models think survives a tool loop only there.
      speaks: ['openai-responses', 'openai-chat'],
      quirks: openaiQuirks,
      responsesQuirks: openaiResponsesQuirks,
    },
    { apiKey: true, named: { organization: 'openai-organization', project: 'openai-project' } },
  ),
  create: (settings) => compatiblePlugin('provider-openai', settings),
})
