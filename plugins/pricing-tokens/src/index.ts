export { pricingTokens, pricingTokens as default } from './plugin.ts'
export { serviceTier } from './tier.ts'
