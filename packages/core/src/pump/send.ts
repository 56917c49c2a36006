import { type OutboundResponse, WireError, type Timeouts } from '@gantry/wire'
import type { GatewayErrorData } from '../model/index.ts'
import type { HttpProvider, LoweredTools, UpstreamTimeouts } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import type { Tracer } from '../trace/tracer.ts'
import { encodeOutgoing } from './encode.ts'
import { faultOf, internalError } from './fault.ts'
import type { AttemptPlan } from './types.ts'

/** The head of an upstream's answer, its body unread; or why there is none. */
export type Sent =
  | { readonly response: OutboundResponse; readonly lowered?: LoweredTools }
  | { readonly error: GatewayErrorData; readonly sent: boolean }

/** Encodes the request, asks the provider where it goes, and sends it. Never rejects. */
export async function sendRequest(
  plan: AttemptPlan,
  provider: HttpProvider,
  signal: AbortSignal,
): Promise<Sent> {
  let dispatched = false
  try {
    const outgoing = encodeOutgoing(plan)
    const found = endpointOf(plan, provider)
    const endpoint = isThenable(found) ? await found : found
    // What left while the provider was asked is not sent any more: nobody would want its answer, and it costs.
    if (plan.signal.aborted || signal.aborted)
      throw new GatewayError({ class: 'cancelled', message: 'The client closed the connection.' })
    const url = joinUrl(endpoint.url, outgoing.path)
    const headers = {
      'content-type': 'application/json',
      accept: plan.stream ? 'text/event-stream' : 'application/json',
      ...joinHeaders(outgoing.headers, endpoint.headers),
    }
    if (plan.shared.tracer) traceRequest(plan, plan.shared.tracer, { url, headers, body: outgoing.body })
    dispatched = true
    const response = await plan.shared.outbound.request({
      url,
      origin: endpoint.url,
      method: 'POST',
      headers,
      body: outgoing.body,
      signal,
      ...(provider.timeouts ? { timeouts: wireTimeouts(provider.timeouts) } : {}),
    })
    return outgoing.lowered ? { response, lowered: outgoing.lowered } : { response }
  } catch (thrown) {
    if (WireError.is(thrown)) return faultOf(thrown, provider.name)
    if (GatewayError.is(thrown)) return { ...faultOf(thrown, provider.name), sent: dispatched }
    plan.shared.logger.error('an attempt failed in the gateway', {
      id: plan.state.id,
      provider: provider.name,
      cause: thrown,
    })
    return { error: internalError(), sent: dispatched }
  }
}

function traceRequest(
  plan: AttemptPlan,
  tracer: Tracer,
  sent: { url: string; headers: { readonly [name: string]: string }; body: Uint8Array | string },
): void {
  const { id } = plan.state
  tracer.add(id, {
    kind: 'upstream-request',
    at: tracer.now(id),
    target: plan.target,
    url: sent.url,
    headers: sent.headers,
    body: typeof sent.body === 'string' ? sent.body : Buffer.from(sent.body).toString('utf8'),
    spliced: typeof sent.body !== 'string',
  })
}

type Endpoint = Awaited<ReturnType<HttpProvider['endpoint']>>

/** A provider may fetch a token first; one that fails or hangs at that is as good as down. */
function endpointOf(plan: AttemptPlan, provider: HttpProvider): Endpoint | Promise<Endpoint> {
  try {
    const made = provider.endpoint(plan.target, plan.state)
    if (!isThenable(made)) return made
    const { endpoint } = plan.shared.timers
    return withDeadline(made, endpoint, `endpoint of ${provider.name}`).catch((cause: unknown) => {
      throw noEndpoint(plan, provider, cause)
    })
  } catch (cause) {
    throw noEndpoint(plan, provider, cause)
  }
}

function noEndpoint(plan: AttemptPlan, provider: HttpProvider, cause: unknown): GatewayError {
  if (GatewayError.is(cause)) return cause
  plan.shared.logger.error('a provider did not say where its requests go', {
    id: plan.state.id,
    provider: provider.name,
    cause,
  })
  return new GatewayError(
    {
      class: 'upstream_failed',
      code: 'endpoint_failed',
      provider: provider.name,
      message: 'The provider of this model cannot be reached right now.',
    },
    { cause },
  )
}

/** The provider's headers win, except for lists of feature flags (`…-beta`): both sides may want some. */
function joinHeaders(codec: HeaderMap, provider: HeaderMap): HeaderMap {
  const joined: { [name: string]: string } = { ...codec, ...provider }
  for (const [name, value] of Object.entries(codec)) {
    const other = provider[name]
    if (other === undefined || !name.endsWith('-beta')) continue
    joined[name] = [...new Set(`${value},${other}`.split(',').map((flag) => flag.trim()))]
      .filter(Boolean)
      .join(',')
  }
  return joined
}

type HeaderMap = { readonly [name: string]: string }

function wireTimeouts(timeouts: UpstreamTimeouts): Partial<Timeouts> {
  return {
    ...(timeouts.connectMs === undefined ? {} : { connect: timeouts.connectMs }),
    ...(timeouts.firstByteMs === undefined ? {} : { firstByte: timeouts.firstByteMs }),
    ...(timeouts.idleMs === undefined ? {} : { idle: timeouts.idleMs }),
    ...(timeouts.totalMs === undefined ? {} : { total: timeouts.totalMs }),
  }
}

/** The provider's base URL holds its version; paths are appended. */
function joinUrl(base: string, path: string): string {
  return `${base.endsWith('/') ? base.slice(0, -1) : base}${path.startsWith('/') ? path : `/${path}`}`
}
