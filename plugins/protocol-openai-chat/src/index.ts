export { openaiChat as default, openaiChat, protocol } from './protocol.ts'
export { quirksOf } from './client/quirks.ts'
export type { ChatQuirks } from './client/quirks.ts'
