import { spliceJson } from '@gantry/wire'
import type { GenerateRequest } from '../model/index.ts'
import type { ClientCodec, LoweredTools, Operation, Target } from '../contract/index.ts'
import { openTurns } from '../codec/index.ts'
import { holdsEnvelopes } from '../codec/envelope.ts'
import { GatewayError } from '../error.ts'
import type { Report } from '../contract/index.ts'
import { stopsOf } from './stages.ts'
import type { AttemptPlan } from './types.ts'

/** A request as it leaves. */
export interface OutgoingRequest {
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: Uint8Array | string
  readonly lowered?: LoweredTools
}

const envelopeMark = Buffer.from('gantry1.')

/**
 * What is sent to the upstream: the client's own bytes with the located values spliced where both sides speak the same
 * protocol and no hook changed the request, else the decoded request encoded anew. Throws what the codec throws.
 */
export function encodeOutgoing(plan: AttemptPlan): OutgoingRequest {
  const client = plan.upstreamProtocol?.client
  if (!client) throw new Error(`nobody faces an upstream in ${plan.target.protocol}`)
  const relay = client.relay
  if (relay && mayRelayRequest(plan) && relay.fits?.(plan.wire, plan.target) !== false) {
    return {
      path: relay.path(plan.wire, plan.target),
      headers: relay.headers(plan.wire),
      body: spliceJson(plan.wire.body, relay.splices(plan.wire, plan.target)),
    }
  }
  requireFewStops(stopsOf(plan) ?? [])
  const codec = client.codecs[plan.operation] as ClientCodec<Operation> | undefined
  if (!codec) throw new Error(`${plan.target.protocol} has no client codec for ${plan.operation}`)
  // Embeddings have no conversation that could hold envelopes.
  const request = plan.state.request.turns
    ? openRequest(asStreamed(plan.state.request, plan.stream), plan.target, plan.state.report)
    : plan.state.request
  const made = codec.encodeRequest(request, { target: plan.target, report: plan.state.report })
  return {
    path: made.path,
    headers: made.headers ?? {},
    body: JSON.stringify(made.body),
    ...(made.lowered ? { lowered: made.lowered } : {}),
  }
}

/** Sequences that are looked for here, at most: each costs a look at every character of the answer. */
const mostStops = 64

function requireFewStops(stops: readonly string[]): void {
  if (stops.length <= mostStops) return
  throw new GatewayError({
    class: 'unsupported',
    code: 'too_many_stop_sequences',
    param: '/stop',
    message: `At most ${mostStops} stop sequences can be asked for here.`,
  })
}

/** Whether an answer is streamed is the client's word; a hook that replaces the request does not change it. */
function asStreamed(request: GenerateRequest, stream: boolean): GenerateRequest {
  return request.stream === stream ? request : { ...request, stream }
}

/** Whether the client's bytes may go out as they are: same protocol, unchanged, and no envelope of ours inside. */
function mayRelayRequest(plan: AttemptPlan): boolean {
  if (plan.child || plan.state.replaced || plan.operation !== 'generate') return false
  if (plan.target.protocol !== plan.clientProtocol.name) return false
  return !hasEnvelope(plan.wire.body)
}

/** Whether a body may hold state that was sealed for a client of another protocol. */
export function hasEnvelope(body: Uint8Array): boolean {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).indexOf(envelopeMark) >= 0
}

/** Opens envelopes in the conversation: what this target issued comes back exact, the rest is left out and reported. */
export function openRequest(request: GenerateRequest, target: Target, report: Report): GenerateRequest {
  requireReadable(request, target)
  const turns = openTurns(request.turns, target, report)
  return turns === request.turns ? request : { ...request, turns }
}

/**
 * A compaction that only another vendor can read stands for the whole conversation before it: leaving it out would be
 * answering without knowing what was said. Throws `GatewayError`; the next target may be the one that made it.
 */
function requireReadable({ turns }: GenerateRequest, target: Target): void {
  for (const { parts } of turns) {
    for (const part of parts) {
      if (part.type !== 'compaction' || part.text !== undefined || !part.custody) continue
      const { protocol, issuer, blob } = part.custody
      if (holdsEnvelopes(blob)) continue
      if (protocol === target.protocol && (issuer === undefined || issuer === target.provider)) continue
      throw new GatewayError({
        class: 'unsupported',
        code: 'compaction_not_readable',
        ...(part.at === undefined ? {} : { param: part.at }),
        message:
          'This conversation was compacted by another vendor, and only that vendor can read the result. Use a model of the same provider, or start from the messages themselves.',
      })
    }
  }
}
