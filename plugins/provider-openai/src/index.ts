export { openai as default, openai } from './provider.ts'
export { openaiQuirks } from './quirks.ts'
export type { OpenAIOptions } from './provider.ts'
