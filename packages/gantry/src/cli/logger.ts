import type { Logger } from '@gantry/core'
import { notice } from './notice.ts'

/** Core's own lines where no log plugin takes them: warnings and errors, on standard error. */
export const quietLogger: Logger = {
  debug() {},
  info() {},
  warn: (message) => notice.warn(message),
  error: (message, fields) => notice.error(message, ...(fields ? [fields] : [])),
}

/** Only errors: a command that puts a gateway together for a moment has no boot to remark on. */
export const silentLogger: Logger = { ...quietLogger, warn() {} }

/** The same, with everything. */
export const debugLogger: Logger = {
  debug: (message, fields) => notice.log(message, ...(fields ? [fields] : [])),
  info: (message, fields) => notice.info(message, ...(fields ? [fields] : [])),
  warn: (message, fields) => notice.warn(message, ...(fields ? [fields] : [])),
  error: (message, fields) => notice.error(message, ...(fields ? [fields] : [])),
}
