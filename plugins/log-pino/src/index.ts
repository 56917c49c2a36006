export { logPino, logPino as default } from './plugin.ts'
export type { LogDestination, LogLevel, LogPinoOptions } from './options.ts'
