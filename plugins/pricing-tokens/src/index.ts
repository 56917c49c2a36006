export { pricingTokens, pricingTokens as default } from './plugin.ts'
