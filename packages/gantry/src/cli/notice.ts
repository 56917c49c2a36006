import { type ConsolaInstance, createConsola } from 'consola'

/** Remarks for the person at the terminal: on standard error, so that standard output stays what was asked for. */
export const notice: ConsolaInstance = createConsola({
  stdout: process.stderr,
  stderr: process.stderr,
  // Whatever CONSOLA_LEVEL says: what a command answers is not a debugging aid.
  level: 3,
  formatOptions: { date: false },
})
