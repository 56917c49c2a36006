export { pricingRatio, pricingRatio as default } from './plugin.ts'
