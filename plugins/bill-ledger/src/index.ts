export { billLedger, billLedger as default } from './plugin.ts'
export type { BillLedgerOptions } from './options.ts'
export { charge } from './state.ts'
