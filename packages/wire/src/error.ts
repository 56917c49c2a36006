const kWireError: symbol = Symbol.for('gantry.wire-error')

/** What went wrong on the wire. The four timeouts name the timer that fired. */
export type WireErrorKind =
  | 'connect'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'reset'
  | 'aborted'
  | 'too_large'
  | 'redirect'
  | 'wrong_origin'
  | 'decode'
  | 'json_depth'
  | 'json_nodes'
  | 'json_syntax'

/**
 * A failure of bytes, frames or the connection. Its message names no secret and no upstream text.
 * Recognise it with `WireError.is`, never with `instanceof`: two copies of this package may be loaded.
 */
export class WireError extends Error {
  readonly kind: WireErrorKind
  /** Whether bytes of the request may have reached the upstream: when not, a retry repeats nothing. */
  readonly sent: boolean

  constructor(kind: WireErrorKind, message: string, options?: { sent?: boolean; cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'WireError'
    this.kind = kind
    this.sent = options?.sent ?? false
    Object.defineProperty(this, kWireError, { value: true })
  }

  /** Whether a thrown value is a `WireError`, of this copy of the package or another. */
  static is(value: unknown): value is WireError {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as { [kWireError]?: boolean })[kWireError] === true
    )
  }
}
