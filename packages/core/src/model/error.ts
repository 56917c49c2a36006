import type { Native } from './json.ts'

/** What went wrong, independent of protocol. */
export type ErrorClass =
  | 'invalid_request'
  | 'context_length'
  | 'too_large'
  | 'unsupported'
  | 'content_policy'
  | 'authentication'
  | 'permission'
  | 'not_found'
  | 'conflict'
  | 'insufficient_funds'
  | 'rate_limited'
  | 'overloaded'
  | 'timeout'
  | 'cancelled'
  | 'upstream_failed'
  | 'upstream_truncated'
  | 'internal'

/** An error before it is encoded. */
export interface GatewayErrorData {
  readonly class: ErrorClass
  readonly status: number
  readonly message: string
  readonly code?: string
  /** JSON pointer or the protocol's own path. */
  readonly param?: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly source: 'gateway' | 'upstream'
  readonly provider?: string

  /** The upstream's envelope; passed on only to the same protocol and only for classes safe to show. */
  readonly native?: Native
}
