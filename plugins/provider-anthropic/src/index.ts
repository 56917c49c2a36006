export { anthropic as default, anthropic, messagesProtocol } from './provider.ts'
export { classifyAnthropic } from './classify.ts'
export type { AnthropicOptions } from './options.ts'
