export * from '@gantry/core'
export { type LoadedConfig, loadConfig } from './config/load.ts'
export { UserError, type UserErrorInput } from './user-error.ts'
