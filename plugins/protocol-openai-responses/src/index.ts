export { openaiResponses as default, openaiResponses, protocol } from './protocol.ts'
