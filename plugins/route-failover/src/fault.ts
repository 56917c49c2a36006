import type { ErrorClass, GatewayErrorData } from '@gantry/core'

/**
 * What a failed attempt says about its target.
 * `credential`: the upstream refuses this credential. `rate`: it has had enough of it for a while.
 * `target`: the model there is in trouble. `request`: the request itself is at fault, any target would say the same.
 * `ours`: the gateway's own trouble, which says nothing about the target.
 */
export type Fault = 'credential' | 'rate' | 'target' | 'request' | 'ours'

const faultOfClass: { readonly [name in ErrorClass]: Fault } = {
  authentication: 'credential',
  permission: 'credential',
  insufficient_funds: 'credential',
  rate_limited: 'rate',
  overloaded: 'target',
  timeout: 'target',
  upstream_failed: 'target',
  upstream_truncated: 'target',
  invalid_request: 'request',
  context_length: 'request',
  too_large: 'request',
  unsupported: 'request',
  content_policy: 'request',
  not_found: 'request',
  conflict: 'request',
  cancelled: 'request',
  internal: 'ours',
}

/** Reads a fault off an error; an error of the gateway itself never counts against a target. */
export function faultOf(error: GatewayErrorData): Fault {
  return error.source === 'upstream' ? faultOfClass[error.class] : 'ours'
}
