export { openaiResponses as default, openaiResponses, protocol } from './protocol.ts'
export type { OpenaiResponsesOptions } from './options.ts'
