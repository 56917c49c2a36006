export { openaiCompatible as default, openaiCompatible } from './provider.ts'
export {
  chatProtocol,
  compatiblePlugin,
  compatibleProvider,
  compatibleQuirks,
  responsesProtocol,
} from './provider.ts'
export { classifyCompatible } from './classify.ts'
export { compatibleSchema } from './options.ts'
export { readBaseUrl } from './base-url.ts'
export { deepseek, groq, local, mistral, moonshot, openrouter, together, xai } from './presets.ts'
export type { LocalOptions, OpenRouterOptions } from './presets.ts'
export type {
  CompatibleDefaults,
  CompatibleNeeds,
  CompatibleSettings,
  CompatibleWire,
  OpenAICompatibleOptions,
  VendorOptions,
} from './options.ts'
