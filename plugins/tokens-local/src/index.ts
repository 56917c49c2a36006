export { tokensLocal, tokensLocal as default } from './plugin.ts'
export type { TokensLocalOptions } from './options.ts'
export type { TokenRules } from './rules.ts'
