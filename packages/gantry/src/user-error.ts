const kUserError: symbol = Symbol.for('gantry.user-error')

/** What a person at a terminal is told when something is wrong: a headline, what is known, and what to do. */
export interface UserErrorInput {
  /** One line, a full sentence. */
  readonly message: string
  /** More lines, shown indented; for instance the places that were searched. */
  readonly details?: readonly string[]
  /** What to do about it; shown last. */
  readonly fix?: string
  readonly cause?: unknown
}

/** An error for the person who runs the command: shown on one screen, without a stack. */
export class UserError extends Error {
  readonly details: readonly string[]
  readonly fix: string | undefined

  constructor(input: UserErrorInput) {
    super(input.message, input.cause === undefined ? undefined : { cause: input.cause })
    this.name = 'UserError'
    this.details = input.details ?? []
    this.fix = input.fix
    Object.defineProperty(this, kUserError, { value: true })
  }

  /** Whether a thrown value is a `UserError`, of this copy of the package or another. */
  static is(value: unknown): value is UserError {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as { [kUserError]?: boolean })[kUserError] === true
    )
  }
}
