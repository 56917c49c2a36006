export { anthropicMessages, anthropicMessages as default } from './plugin.ts'
export { protocol } from './protocol.ts'
export type { ModelRules, ThinkingStyle } from './models.ts'
