export { pricingNewApi, pricingNewApi as default, userGroup } from './plugin.ts'
export type { NewApiRatios, NewApiTable, PricingNewApiOptions } from './options.ts'
