import type { GatewayEvent, GenerateRequest } from '../model/index.ts'
import type {
  ClientCodec,
  LoweredTools,
  ServerCodec,
  StreamDecoder,
  StreamEncoder,
} from '../contract/index.ts'
import { createConvertLine, type EventSink } from './convert-line.ts'
import type { StreamLine } from './line.ts'
import { stagesOf, stopsOf } from './stages.ts'
import type { AttemptPlan } from './types.ts'

/** Whether the upstream's bytes may reach the client as they are. */
export function mayRelay(plan: AttemptPlan, lowered: LoweredTools | undefined): boolean {
  return (
    plan.operation === 'generate' &&
    !plan.child &&
    // Its echoes are ours.
    plan.sent === undefined &&
    !plan.kept &&
    plan.target.protocol === plan.clientProtocol.name &&
    plan.transforms.length === 0 &&
    (lowered === undefined || Object.keys(lowered).length === 0) &&
    // A stream names the model in every frame; showing another name there means decoding it.
    !(plan.stream && plan.echo !== undefined)
  )
}

/** A converter for this attempt, from a decoder of the upstream's protocol to the client's encoder. */
export function convertLine(
  plan: AttemptPlan,
  decoder: StreamDecoder<GatewayEvent>,
  lowered: LoweredTools | undefined,
): StreamLine & EventSink {
  return createConvertLine({
    decoder,
    encoder: encoderOf(plan),
    provider: plan.provider.name,
    sameProtocol: plan.target.protocol === plan.clientProtocol.name,
    stages: stagesOf({
      lowered,
      issuer: plan.provider.name,
      hooks: plan.transforms,
      echo: plan.echo,
      client: plan.clientProtocol,
      upstream: plan.target.protocol,
      stop: stopsOf(plan),
    }),
  })
}

/** The client's stream encoder. */
export function encoderOf(
  plan: AttemptPlan,
  request: GenerateRequest = plan.asked(),
): StreamEncoder<GatewayEvent> {
  const codec = plan.server.codecs.generate as ServerCodec<'generate'> | undefined
  if (!codec?.streamEncoder) throw new Error(`${plan.clientProtocol.name} cannot encode a stream`)
  return codec.streamEncoder({
    wire: plan.sent ?? plan.wire,
    request,
    requestId: plan.state.id,
    report: plan.state.report,
    ...(plan.kept === undefined ? {} : { kept: plan.kept }),
  })
}

/**
 * The encoder of our own words in a stream. A relayed request may be one that our decoder refuses: its upstream took
 * it, so its stream must be kept alive and ended all the same.
 */
export function ownEncoderOf(plan: AttemptPlan): StreamEncoder<GatewayEvent> {
  let request: GenerateRequest
  try {
    request = plan.asked()
  } catch {
    request = { model: plan.state.base.model, stream: true, turns: [] }
  }
  return encoderOf(plan, request)
}

/** The upstream's stream decoder. */
export function decoderOf(plan: AttemptPlan): StreamDecoder<GatewayEvent> {
  const codec = plan.upstreamProtocol!.client!.codecs.generate as ClientCodec<'generate'> | undefined
  if (!codec?.streamDecoder) throw new Error(`${plan.target.protocol} cannot decode a stream`)
  return codec.streamDecoder({ target: plan.target, report: plan.state.report })
}
