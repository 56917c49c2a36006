import type { Readable } from 'node:stream'
import { spliceJson } from '@gantry/wire'
import type {
  GatewayErrorData,
  GatewayEvent,
  GenerateResponse,
  JsonObject,
  Loss,
  Part,
  Usage,
} from '../model/index.ts'
import type { ClientCodec, LoweredTools, Operation, Operations, ServerCodec, Tap } from '../contract/index.ts'
import { accumulate, eventsOf, sealParts } from '../codec/index.ts'
import { GatewayError } from '../error.ts'
import { readBody } from './body.ts'
import { createPipe } from './event-pipe.ts'
import { faultOf, reportOwnFault, upstreamError } from './fault.ts'
import { stagesOf } from './stages.ts'
import type { AttemptPlan, AttemptResult } from './types.ts'

/** Reads a whole answer and passes it on: the same bytes, or decoded and encoded. Never rejects. */
export async function pumpWhole(
  plan: AttemptPlan,
  body: Readable,
  tap: Tap | undefined,
  lowered: LoweredTools | undefined,
): Promise<AttemptResult> {
  const provider = plan.provider.name
  let bytes: Uint8Array
  try {
    bytes = await readBody(body, provider)
  } catch (thrown) {
    return { kind: 'failed', ...faultOf(thrown, provider) }
  }
  try {
    const json = parseAnswer(bytes, provider)
    const result = tap ? relayWhole(plan, bytes, json, tap) : convertWhole(plan, json, lowered)
    // The one report of a whole answer; there is nothing left to stop.
    if (result.kind === 'whole' && result.end.usage) plan.observe(result.end.usage)
    return result
  } catch (thrown) {
    if (GatewayError.is(thrown)) {
      reportOwnFault(plan, thrown)
      return { kind: 'failed', ...faultOf(thrown, provider), sent: true }
    }
    plan.shared.logger.error('an answer could not be converted', {
      id: plan.state.id,
      provider,
      cause: thrown,
    })
    return {
      kind: 'failed',
      sent: true,
      error: upstreamError(
        'upstream_failed',
        'The upstream sent something that is not its protocol.',
        provider,
      ),
    }
  }
}

function relayWhole(plan: AttemptPlan, bytes: Uint8Array, json: JsonObject, tap: Tap): AttemptResult {
  tap.body(json)
  const seen = tap.result()
  const failure = seen.error ?? emptyFailure(seen.committed, seen.finish?.reason, plan.provider.name)
  if (failure) return { kind: 'failed', error: failure, sent: true }
  return {
    kind: 'whole',
    relayed: true,
    body: plan.echo === undefined ? bytes : spliceJson(bytes, [{ pointer: '/model', value: plan.echo }]),
    losses: [],
    end: {
      outcome: 'completed',
      outputBytes: seen.outputBytes,
      ...(seen.usage ? { usage: seen.usage } : {}),
      ...(seen.finish ? { finish: seen.finish } : {}),
    },
  }
}

function convertWhole(plan: AttemptPlan, json: JsonObject, lowered: LoweredTools | undefined): AttemptResult {
  const losses: Loss[] = []
  const codec = plan.upstreamProtocol?.client?.codecs[plan.operation] as ClientCodec<Operation> | undefined
  if (!codec) throw new Error(`${plan.target.protocol} has no client codec for ${plan.operation}`)
  const decoded = codec.decodeResponse(json, { target: plan.target, report: plan.state.report })
  return finishWhole(plan, decoded, lowered, losses)
}

/** From a decoded answer to the client's bytes: errors, hooks, seals, encoding. Throws what encoders throw. */
export function finishWhole(
  plan: AttemptPlan,
  decoded: Operations[Operation]['response'],
  lowered: LoweredTools | undefined,
  losses: Loss[],
): AttemptResult {
  const answer = plan.operation === 'generate' ? refine(plan, decoded as GenerateResponse, lowered) : decoded
  const generated = plan.operation === 'generate' ? (answer as GenerateResponse) : undefined
  if (generated) {
    const failure =
      generated.error ??
      emptyFailure(generated.parts.length > 0, generated.finish?.reason, plan.provider.name)
    if (failure) return { kind: 'failed', error: failure, sent: true }
  }
  const server = plan.server.codecs[plan.operation] as ServerCodec<Operation> | undefined
  if (!server && !plan.child) throw new Error(`no server codec for ${plan.operation}`)
  const report = (loss: Loss): void => {
    if (losses.length < 1000) losses.push(loss)
  }
  const body = plan.child
    ? ''
    : JSON.stringify(
        server!.encodeResponse(answer, {
          wire: plan.wire,
          request: plan.asked(),
          requestId: plan.state.id,
          report,
        }),
      )
  const usage: Usage | undefined = (answer as { usage?: Usage }).usage
  return {
    kind: 'whole',
    relayed: false,
    body,
    losses,
    response: answer,
    end: {
      outcome: 'completed',
      outputBytes: generated ? textBytes(generated.parts) : 0,
      ...(usage ? { usage } : {}),
      ...(generated?.finish ? { finish: generated.finish } : {}),
    },
  }
}

/** The same stages as a stream runs, over the events of the whole answer. */
function refine(
  plan: AttemptPlan,
  response: GenerateResponse,
  lowered: LoweredTools | undefined,
): GenerateResponse {
  if (response.error) return response
  const stages = stagesOf({
    lowered,
    issuer: plan.provider.name,
    hooks: plan.transforms,
    echo: plan.echo,
    // Whole answers are sealed as parts below, where the order of all parts is known.
    client: { name: plan.target.protocol, contract: 1 },
    upstream: plan.target.protocol,
  })
  const fold = accumulate()
  const pipe = createPipe(stages, (event: GatewayEvent) => fold.push(event))
  eventsOf(response, pipe)
  const folded = fold.response()
  if (plan.child || plan.clientProtocol.name === plan.target.protocol) return folded
  return {
    ...folded,
    parts: sealParts(folded.parts, plan.clientProtocol),
    ...(folded.alternatives
      ? {
          alternatives: folded.alternatives.map((one) => ({
            ...one,
            parts: sealParts(one.parts, plan.clientProtocol),
          })),
        }
      : {}),
  }
}

/** An answer without any part is judged by its finish: a refusal may be empty, a success may not. */
function emptyFailure(
  hasOutput: boolean,
  reason: string | undefined,
  provider: string,
): GatewayErrorData | undefined {
  if (hasOutput || (reason !== undefined && reason !== 'error' && reason !== 'other')) return undefined
  return upstreamError('upstream_failed', 'The upstream answered without any output.', provider)
}

function parseAnswer(bytes: Uint8Array, provider: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch {
    throw notJson(provider, bytes.byteLength === 0 ? 'an empty body' : 'something that is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw notJson(provider, 'JSON that is not an object')
  return value as JsonObject
}

function notJson(provider: string, what: string): GatewayError {
  return new GatewayError({
    class: 'upstream_failed',
    source: 'upstream',
    provider,
    message: `The upstream answered with ${what}.`,
  })
}

function textBytes(parts: readonly Part[]): number {
  let bytes = 0
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') bytes += Buffer.byteLength(part.text)
    else if (part.type === 'tool_call') bytes += Buffer.byteLength(part.arguments)
    else if (part.type === 'reasoning')
      for (const segment of part.segments) bytes += Buffer.byteLength(segment.text)
  }
  return bytes
}
