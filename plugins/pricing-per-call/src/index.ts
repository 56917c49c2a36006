export { pricingPerCall, pricingPerCall as default } from './plugin.ts'
export type { CallPrice, PricingPerCallOptions, UnitPrice } from './options.ts'
