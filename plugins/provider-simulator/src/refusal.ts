/** A request that a wire refuses, as the vendor words it; each wire puts it into its own envelope. */
export class WireError extends Error {
  readonly status: number
  /** `error.param` of the chat wire. */
  readonly param: string | null
  /** `error.code` of the chat wire, or the error type of the messages wire where the status does not say it. */
  readonly code: string | null

  constructor(status: number, message: string, param: string | null = null, code: string | null = null) {
    super(message)
    this.name = 'WireError'
    this.status = status
    this.param = param
    this.code = code
  }
}

/** Throws a 400 with the vendor's words. */
export function refuse(message: string, param: string | null = null, code: string | null = null): never {
  throw new WireError(400, message, param, code)
}
