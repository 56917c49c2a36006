import type { ByteBody } from '@gantry/wire'
import { spliceJson } from '@gantry/wire'
import type { GatewayEvent, GenerateResponse, JsonObject, Loss, Usage } from '../model/index.ts'
import type { ClientCodec, LoweredTools, Operation, Operations, ServerCodec, Tap } from '../contract/index.ts'
import { accumulate, eventsOf, sealParts } from '../codec/index.ts'
import { GatewayError } from '../error.ts'
import { parseAnswer, readBody } from './body.ts'
import { createPipe } from './event-pipe.ts'
import { faultOf, reportOwnFault, upstreamError } from './fault.ts'
import { blankFault } from './judge.ts'
import { stagesOf, stopsOf } from './stages.ts'
import type { AttemptPlan, AttemptResult } from './types.ts'

/** Reads a whole answer and passes it on: the same bytes, or decoded and encoded. Never rejects. */
export async function pumpWhole(
  plan: AttemptPlan,
  body: ByteBody,
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
  const failure =
    seen.error ?? (seen.committed ? undefined : blankFault(seen.finish?.reason, plan.provider.name))
  if (failure) return { kind: 'failed', error: failure, sent: true }
  return {
    kind: 'whole',
    body: plan.echo === undefined ? bytes : spliceJson(bytes, [{ pointer: '/model', value: plan.echo }]),
    losses: [],
    end: {
      outcome: 'completed',
      outputBytes: seen.outputBytes,
      relayed: true,
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
  // Judged and counted as the upstream sent it: what hooks make of it changes neither the bill nor the next target.
  const given = plan.operation === 'generate' ? (decoded as GenerateResponse) : undefined
  if (given) {
    const failure =
      given.error ?? (hasOutput(given) ? undefined : blankFault(given.finish?.reason, plan.provider.name))
    if (failure) return { kind: 'failed', error: failure, sent: true }
  }
  const answer = given ? refine(plan, given, lowered) : decoded
  const server = plan.server.codecs[plan.operation] as ServerCodec<Operation> | undefined
  if (!server && !plan.child) throw new Error(`no server codec for ${plan.operation}`)
  const report = (loss: Loss): void => {
    if (losses.length < 1000) losses.push(loss)
  }
  const body = plan.child
    ? ''
    : JSON.stringify(
        server!.encodeResponse(answer, {
          wire: plan.sent ?? plan.wire,
          request: plan.asked(),
          requestId: plan.state.id,
          report,
          ...(plan.kept === undefined ? {} : { kept: plan.kept }),
        }),
      )
  const usage: Usage | undefined = (decoded as { usage?: Usage }).usage
  return {
    kind: 'whole',
    body,
    losses,
    response: answer,
    end: {
      outcome: 'completed',
      relayed: false,
      outputBytes: given ? textBytes(given) : 0,
      ...(usage ? { usage } : {}),
      ...(given?.finish ? { finish: given.finish } : {}),
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
    stop: plan.operation === 'generate' ? stopsOf(plan) : undefined,
  })
  const fold = accumulate()
  const pipe = createPipe(stages, (event: GatewayEvent) => fold.push(event))
  eventsOf(response, pipe)
  const folded = fold.response()
  if (plan.child || plan.clientProtocol.name === plan.target.protocol) return folded
  return {
    ...folded,
    parts: sealParts(folded.parts, plan.clientProtocol, { issuer: plan.provider.name }),
    ...(folded.alternatives
      ? {
          alternatives: folded.alternatives.map((one) => ({
            ...one,
            parts: sealParts(one.parts, plan.clientProtocol, { issuer: plan.provider.name }),
          })),
        }
      : {}),
  }
}

function hasOutput({ parts, alternatives }: GenerateResponse): boolean {
  return parts.length > 0 || alternatives?.some((one) => one.parts.length > 0) === true
}

/** Text, reasoning and arguments of every choice. */
function textBytes({ parts, alternatives }: GenerateResponse): number {
  let bytes = 0
  for (const part of [parts, ...(alternatives ?? []).map((one) => one.parts)].flat()) {
    if (part.type === 'text' || part.type === 'refusal') bytes += Buffer.byteLength(part.text)
    else if (part.type === 'tool_call') bytes += Buffer.byteLength(part.arguments)
    else if (part.type === 'reasoning')
      for (const segment of part.segments) bytes += Buffer.byteLength(segment.text)
  }
  return bytes
}
