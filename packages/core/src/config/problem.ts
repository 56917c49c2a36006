const kConfigError: symbol = Symbol.for('gantry.config-error')

/** One thing that is wrong with a configuration, as a user reads it. */
export interface ConfigProblem {
  /** Stable, for instance `UNKNOWN_PROVIDER`. */
  readonly code: string
  /** `error` stops the boot; `warning` is printed. */
  readonly severity: 'error' | 'warning'
  /** Where in the config, dotted: `models.gpt-5.5.to`. */
  readonly path?: string
  /** What is wrong. */
  readonly message: string
  /** What to do about it. */
  readonly fix?: string
}

/** A configuration that cannot boot. Holds every problem found, not only the first. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super(problems.map(formatProblem).join('\n'), options)
    this.name = 'ConfigError'
    this.problems = problems
    Object.defineProperty(this, kConfigError, { value: true })
  }

  /** Whether a thrown value is a `ConfigError`, of this copy of core or another. */
  static is(value: unknown): value is ConfigError {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as { [kConfigError]?: boolean })[kConfigError] === true
    )
  }
}

/** One problem on one line: `path: message fix [CODE]`. */
export function formatProblem(problem: ConfigProblem): string {
  const where = problem.path ? `${problem.path}: ` : ''
  const fix = problem.fix ? ` ${problem.fix}` : ''
  return `${where}${problem.message}${fix} [${problem.code}]`
}
