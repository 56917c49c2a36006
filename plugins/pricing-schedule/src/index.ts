export { pricingSchedule, pricingSchedule as default } from './plugin.ts'
export type { Day, PriceWindow, PricingScheduleOptions } from './options.ts'
