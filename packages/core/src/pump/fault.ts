import { WireError } from '@gantry/wire'
import type { ErrorClass, GatewayErrorData } from '../model/index.ts'
import { GatewayError } from '../error.ts'
import type { AttemptPlan } from './types.ts'

/** An upstream failure, made from whatever was thrown while talking to it. */
export function faultOf(thrown: unknown, provider: string): { error: GatewayErrorData; sent: boolean } {
  if (GatewayError.is(thrown))
    return { error: { provider, ...thrown.data }, sent: thrown.data.source === 'upstream' }
  if (WireError.is(thrown)) {
    const known = wireClass[thrown.kind] ?? 'upstream_failed'
    return { error: upstreamError(known, thrown.message, provider), sent: thrown.sent }
  }
  return {
    error: upstreamError(
      'upstream_failed',
      thrown instanceof Error ? thrown.message : String(thrown),
      provider,
    ),
    sent: true,
  }
}

/** A fault of the gateway or of a plugin is logged with its cause, which the client never sees. */
export function reportOwnFault(plan: AttemptPlan, thrown: unknown): void {
  if (!GatewayError.is(thrown) || thrown.data.class !== 'internal') return
  plan.shared.logger.error('an answer failed in the gateway', {
    id: plan.state.id,
    provider: plan.provider.name,
    cause: thrown.cause ?? thrown,
  })
}

/** An upstream's error as its provider understands it. A provider that fails at that leaves the error as it was. */
export function classified(plan: AttemptPlan, error: GatewayErrorData): GatewayErrorData {
  if (error.source !== 'upstream') return error
  const { provider, shared, state } = plan
  const known: GatewayErrorData = { ...error, provider: provider.name }
  if (!provider.classify) return known
  try {
    return { ...provider.classify(known), source: 'upstream', provider: provider.name }
  } catch (cause) {
    shared.logger.error('a provider failed to classify an error', {
      id: state.id,
      provider: provider.name,
      cause,
    })
    return known
  }
}

/** The gateway's own fault, with its own words. */
export function internalError(): GatewayErrorData {
  return new GatewayError({ class: 'internal', message: 'The gateway failed to handle this request.' }).data
}

/** An error whose source is the upstream. */
export function upstreamError(name: ErrorClass, message: string, provider: string): GatewayErrorData {
  return new GatewayError({ class: name, message, source: 'upstream', provider }).data
}

/** Code of an error that says only that its host does not do this operation. */
export const noEndpoint = 'no_such_endpoint'

/** Counting is an endpoint of its own that many hosts of a wire leave out; these are the ways in which they say so. */
export function lacksEndpoint({ operation }: AttemptPlan, status: number): boolean {
  return operation === 'countTokens' && (status === 404 || status === 405 || status === 501)
}

/** It says nothing about the request: another target may be asked. */
export function withoutEndpoint(error: GatewayErrorData): GatewayErrorData {
  return { ...error, class: 'unsupported', code: noEndpoint, retryable: true }
}

/** An answer that ended before its protocol's last frame. */
export function truncated(message: string, provider: string): GatewayErrorData {
  return upstreamError('upstream_truncated', message, provider)
}

const wireClass: { readonly [kind: string]: ErrorClass } = {
  connect: 'upstream_failed',
  connect_timeout: 'timeout',
  first_byte_timeout: 'timeout',
  idle_timeout: 'timeout',
  total_timeout: 'timeout',
  reset: 'upstream_failed',
  too_large: 'upstream_failed',
  redirect: 'upstream_failed',
  decode: 'upstream_failed',
}
