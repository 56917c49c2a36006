import { ConfigError, formatProblem, GatewayError } from '@gantry/core'
import { UserError } from '../user-error.ts'

const mostProblems = 15

/** Problems of the machine and not of what the config says. */
const atSetup: ReadonlySet<string> = new Set([
  'PORT_IN_USE',
  'PORT_NOT_ALLOWED',
  'HOST_UNAVAILABLE',
  'SETUP_FAILED',
  'SQLITE_TOO_OLD',
  'STORE_LOCKED',
  'STORE_NOT_OPENED',
])

/** What the user reads when a command failed: at most one screen, a stack only with `debug`. */
export function describeError(error: unknown, debug: boolean): string {
  const lines = linesOf(error)
  if (debug && error instanceof Error) lines.push('', ...stackOf(error))
  else if (!isExpected(error)) lines.push('', '  Run it again with --debug to see where it failed.')
  return lines.join('\n')
}

function linesOf(error: unknown): string[] {
  if (UserError.is(error)) {
    return [
      `gantry: ${error.message}`,
      ...indented(error.details),
      ...(error.fix === undefined ? [] : indented(error.fix.split('\n'))),
    ]
  }
  if (ConfigError.is(error)) {
    const { problems } = error
    const errors = problems.filter((problem) => problem.severity === 'error').length
    const shown = problems.slice(0, mostProblems).map((one) => `${one.severity}: ${formatProblem(one)}`)
    const more = problems.length - shown.length
    return [
      problems.every((problem) => atSetup.has(problem.code))
        ? 'gantry: The gateway could not be set up.'
        : `gantry: The config has ${errors === 1 ? 'one error' : `${errors} errors`}.`,
      ...indented(shown),
      ...(more > 0 ? [`  and ${more} more; gantry check lists them all.`] : []),
    ]
  }
  if (GatewayError.is(error)) return [`gantry: ${error.data.message}`]
  return [`gantry: ${error instanceof Error ? error.message : String(error)}`]
}

function isExpected(error: unknown): boolean {
  return UserError.is(error) || ConfigError.is(error) || GatewayError.is(error)
}

function stackOf(error: Error): string[] {
  const lines = (error.stack ?? error.message).split('\n')
  if (!(error.cause instanceof Error)) return lines
  return [...lines, 'caused by:', ...stackOf(error.cause)]
}

function indented(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines.map((line) => (line === '' ? '' : `  ${line}`))]
}
