import type { ByteBody } from '@gantry/wire'
import type { GatewayErrorData, GenerateResponse } from '../model/index.ts'
import type { ClientCodec, HttpProvider } from '../contract/index.ts'
import { eventsOf } from '../codec/index.ts'
import { abortable } from './abortable.ts'
import { parseAnswer, readBody, readErrorBody } from './body.ts'
import { runDirect } from './direct.ts'
import { classified, faultOf, internalError, lacksEndpoint, upstreamError, withoutEndpoint } from './fault.ts'
import { convertLine, decoderOf, mayRelay, ownEncoderOf } from './lines.ts'
import { createRelayLine } from './relay-line.ts'
import { sendRequest, type Sent } from './send.ts'
import { createStreamPump } from './stream.ts'
import type { AttemptPlan, AttemptResult, StreamPump } from './types.ts'
import { pumpWhole } from './whole.ts'

type Head = Exclude<Sent, { error: GatewayErrorData }>
type Failed = Extract<AttemptResult, { kind: 'failed' }>

/**
 * One attempt at one target, up to its commit point. Never rejects.
 * A client that leaves before it either cancels the attempt or lets it finish in the background, by the provider's meter.
 */
export function runAttempt(plan: AttemptPlan): Promise<AttemptResult> {
  const { provider } = plan
  if ('generate' in provider) return runDirect(plan, provider)
  if (plan.stream) return runStream(plan, provider)
  return abortable(plan, (signal) => runWhole(plan, provider, signal))
}

async function runWhole(
  plan: AttemptPlan,
  provider: HttpProvider,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const head = await sendRequest(plan, provider, signal)
  if ('error' in head) return { kind: 'failed', ...head }
  try {
    const refused = isRefusal(head) && (await refusalOf(plan, provider, head))
    if (refused) return refused
    if (/event-stream/i.test(head.response.contentType))
      return unusable(head.response.body, provider.name, 'a stream that was not asked for')
    const relay = mayRelay(plan, head.lowered) ? plan.upstreamProtocol?.client?.relay : undefined
    const result = await pumpWhole(plan, head.response.body, relay?.tap(plan.wire), head.lowered)
    return result.kind === 'failed' ? { ...result, error: classified(plan, result.error) } : result
  } catch (cause) {
    return broken(plan, head.response.body, cause)
  }
}

/** The pump runs from the first moment: an upstream may take its time for the head, and the client must not see silence. */
function runStream(plan: AttemptPlan, provider: HttpProvider): Promise<AttemptResult> {
  const cancel = new AbortController()
  const pump = createStreamPump(plan, () => cancel.abort())
  void sendRequest(plan, provider, cancel.signal).then(async (head) => {
    if ('error' in head) return pump.fail(head.error, head.sent)
    try {
      const refused = isRefusal(head) && (await refusalOf(plan, provider, head))
      if (refused) pump.fail(refused.error)
      else await openStream(plan, provider, head, pump)
    } catch (cause) {
      pump.fail(broken(plan, head.response.body, cause).error)
    }
  })
  return pump.result
}

async function openStream(
  plan: AttemptPlan,
  provider: HttpProvider,
  { response, lowered }: Head,
  pump: StreamPump,
): Promise<void> {
  const { contentType: type, body } = response
  if (/json/i.test(type) && !/event-stream/i.test(type)) {
    // A host that ignores `stream` and sends one JSON body: an error, or an answer whose events we make.
    let decoded: GenerateResponse
    try {
      const codec = plan.upstreamProtocol!.client!.codecs.generate as ClientCodec<'generate'>
      const json = parseAnswer(await readBody(body, provider.name), provider.name)
      decoded = codec.decodeResponse(json, { target: plan.target, report: plan.state.report })
    } catch (thrown) {
      return pump.fail(faultOf(thrown, provider.name).error)
    }
    if (decoded.error) return pump.fail(decoded.error)
    const made = convertLine(plan, { push() {}, end() {} }, lowered)
    pump.attach(made, undefined, false)
    pump.feed(() => eventsOf(decoded, (event) => made.emit(event)))
    return pump.closed()
  }
  const relay = mayRelay(plan, lowered) ? plan.upstreamProtocol?.client?.relay : undefined
  const line = relay
    ? createRelayLine(relay.tap(plan.wire), () => ownEncoderOf(plan))
    : convertLine(plan, decoderOf(plan), lowered)
  pump.attach(line, body, relay !== undefined)
}

/** What is no answer at all, told from status and type alone. */
function isRefusal({ response }: Head): boolean {
  return !isGood(response.status) || /html/i.test(response.contentType)
}

async function refusalOf(plan: AttemptPlan, provider: HttpProvider, { response }: Head): Promise<Failed> {
  const { status, body } = response
  if (isGood(status)) return unusable(body, provider.name, 'a web page')
  const text = await readErrorBody(body)
  const error = plan.upstreamProtocol!.client!.decodeError(status, response.headers, text)
  const known: GatewayErrorData = { ...error, source: 'upstream', provider: provider.name }
  return { kind: 'failed', sent: true, error: lacksEndpoint(plan, status) ? withoutEndpoint(known) : known }
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300
}

function unusable(body: ByteBody, provider: string, what: string): Failed {
  body.destroy()
  const error = upstreamError('upstream_failed', `The upstream answered with ${what}.`, provider)
  return { kind: 'failed', sent: true, error }
}

function broken(plan: AttemptPlan, body: ByteBody, cause: unknown): Failed {
  body.destroy()
  plan.shared.logger.error('an answer failed in the gateway', {
    id: plan.state.id,
    provider: plan.provider.name,
    cause,
  })
  return { kind: 'failed', error: internalError(), sent: true }
}
