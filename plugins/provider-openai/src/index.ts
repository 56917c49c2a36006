export { openai as default, openai } from './provider.ts'
export { openaiQuirks, openaiResponsesQuirks } from './quirks.ts'
export type { OpenAIOptions } from './provider.ts'
