import type { ErrorClass, GatewayErrorData } from './model/index.ts'

const kError: symbol = Symbol.for('gantry.error')

/** HTTP status of each error class, where nothing more is known. */
export const statusOf: { readonly [name in ErrorClass]: number } = {
  invalid_request: 400,
  unsupported: 400,
  context_length: 400,
  content_policy: 400,
  authentication: 401,
  permission: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  insufficient_funds: 429,
  rate_limited: 429,
  overloaded: 503,
  timeout: 504,
  cancelled: 499,
  upstream_failed: 502,
  upstream_truncated: 502,
  internal: 500,
}

const retryableClasses: readonly ErrorClass[] = [
  'rate_limited',
  'overloaded',
  'timeout',
  'upstream_failed',
  'upstream_truncated',
]

/** The part of an error that has no sensible default. */
export type GatewayErrorInput = Pick<GatewayErrorData, 'class' | 'message'> & Partial<GatewayErrorData>

/**
 * An error that a client may see, before any protocol has encoded it.
 * `data.class` decides status and encoding; `cause` is for the log only and never leaves the gateway.
 * Recognise it with `GatewayError.is`, never with `instanceof`: two copies of core may be loaded.
 */
export class GatewayError extends Error {
  readonly data: GatewayErrorData

  constructor(input: GatewayErrorInput, options?: { cause?: unknown }) {
    super(input.message, options)
    this.name = 'GatewayError'
    // Not a plain spread: a plugin that passes `status: undefined` along must not make an error without one.
    this.data = {
      ...input,
      status: input.status ?? statusOf[input.class] ?? 500,
      retryable: input.retryable ?? retryableClasses.includes(input.class),
      source: input.source ?? 'gateway',
    }
    Object.defineProperty(this, kError, { value: true })
  }

  /** Whether a thrown value is a `GatewayError`, of this copy of core or another. */
  static is(value: unknown): value is GatewayError {
    return typeof value === 'object' && value !== null && (value as { [kError]?: boolean })[kError] === true
  }
}

/** What a thrown value means to a client: a `GatewayError` as it is, anything else `internal` with our own text. */
export function toErrorData(thrown: unknown): GatewayErrorData {
  if (GatewayError.is(thrown)) return thrown.data
  return new GatewayError({ class: 'internal', message: 'The gateway failed to handle this request.' }).data
}
