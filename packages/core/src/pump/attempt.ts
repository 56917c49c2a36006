import type { Readable } from 'node:stream'
import { WireError, type Timeouts } from '@gantry/wire'
import type { GatewayErrorData, GenerateResponse, JsonObject } from '../model/index.ts'
import type { ClientCodec, HttpProvider, LoweredTools, UpstreamTimeouts } from '../contract/index.ts'
import { eventsOf } from '../codec/index.ts'
import { GatewayError } from '../error.ts'
import { readBody, readErrorBody } from './body.ts'
import { runDirect } from './direct.ts'
import { encodeOutgoing } from './encode.ts'
import { faultOf, upstreamError } from './fault.ts'
import { convertLine, decoderOf, encoderOf, mayRelay } from './lines.ts'
import { createRelayLine } from './relay-line.ts'
import { pumpStream } from './stream.ts'
import type { AttemptEnd, AttemptPlan, AttemptResult } from './types.ts'
import { pumpWhole } from './whole.ts'

/**
 * One attempt at one target, up to its commit point. Never rejects.
 * A client that leaves before it either cancels the attempt or lets it finish in the background, by the provider's meter.
 */
export function runAttempt(plan: AttemptPlan): Promise<AttemptResult> {
  if ('generate' in plan.provider) return runDirect(plan, plan.provider)
  const provider = plan.provider
  const cancel = new AbortController()
  let handedOver = false
  const work = exchange(plan, provider, cancel.signal, () => {
    handedOver = true
  })
  return new Promise((resolve) => {
    let drain: NodeJS.Timeout | undefined
    const gone = (): void => {
      if (handedOver || drain) return
      if (provider.cancelStopsBilling === true || !plan.shared.takeDrain()) {
        cancel.abort()
        resolve({ kind: 'aborted', end: Promise.resolve({ outcome: 'aborted', outputBytes: 0 }) })
        return
      }
      drain = setTimeout(() => cancel.abort(), plan.shared.timers.drain)
      resolve({ kind: 'aborted', end: work.then(abortedEnd) })
    }
    plan.onCut((error) => {
      if (handedOver) return
      resolve({ kind: 'failed', error, sent: true })
      cancel.abort()
    })
    plan.signal.addEventListener('abort', gone, { once: true })
    if (plan.signal.aborted) gone()
    void work.then((result) => {
      plan.signal.removeEventListener('abort', gone)
      if (drain) {
        clearTimeout(drain)
        plan.shared.releaseDrain()
      }
      resolve(result)
    })
  })
}

async function abortedEnd(result: AttemptResult): Promise<AttemptEnd> {
  switch (result.kind) {
    case 'whole':
      return { ...result.end, outcome: 'aborted' }
    case 'failed':
      return { outcome: 'aborted', outputBytes: 0, error: result.error }
    case 'aborted':
      return result.end
    case 'stream':
      result.body.destroy()
      return result.end
    default:
      return { outcome: 'aborted', outputBytes: 0 }
  }
}

async function exchange(
  plan: AttemptPlan,
  provider: HttpProvider,
  signal: AbortSignal,
  handOver: () => void,
): Promise<AttemptResult> {
  let response: { status: number; headers: Headers; body: Readable }
  let lowered: LoweredTools | undefined
  try {
    const outgoing = encodeOutgoing(plan)
    lowered = outgoing.lowered
    const endpoint = await provider.endpoint(plan.target, plan.state)
    response = await plan.shared.outbound.request({
      url: joinUrl(endpoint.url, outgoing.path),
      origin: new URL(endpoint.url).origin,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: plan.stream ? 'text/event-stream' : 'application/json',
        ...joinHeaders(outgoing.headers, endpoint.headers),
      },
      body: outgoing.body,
      signal,
      ...(provider.timeouts ? { timeouts: wireTimeouts(provider.timeouts) } : {}),
    })
  } catch (thrown) {
    if (!GatewayError.is(thrown) && !WireError.is(thrown)) {
      plan.shared.logger.error('an attempt failed in the gateway', {
        id: plan.state.id,
        provider: provider.name,
        cause: thrown,
      })
      return { kind: 'failed', error: internalError(), sent: false }
    }
    return { kind: 'failed', ...faultOf(thrown, provider.name) }
  }
  try {
    return await answerOf(plan, provider, response, lowered, handOver)
  } catch (thrown) {
    response.body.destroy()
    plan.shared.logger.error('an answer failed in the gateway', {
      id: plan.state.id,
      provider: provider.name,
      cause: thrown,
    })
    return { kind: 'failed', error: GatewayError.is(thrown) ? thrown.data : internalError(), sent: true }
  }
}

async function answerOf(
  plan: AttemptPlan,
  provider: HttpProvider,
  response: { status: number; headers: Headers; body: Readable },
  lowered: LoweredTools | undefined,
  handOver: () => void,
): Promise<AttemptResult> {
  const client = plan.upstreamProtocol!.client!
  if (response.status < 200 || response.status >= 300) {
    const body = await readErrorBody(response.body)
    return {
      kind: 'failed',
      sent: true,
      error: classified(provider, client.decodeError(response.status, response.headers, body)),
    }
  }
  const type = response.headers.get('content-type') ?? ''
  if (/html/i.test(type)) return unusable(response.body, provider.name, 'a web page')
  const relay = mayRelay(plan, lowered) ? client.relay : undefined
  if (!plan.stream) {
    if (/event-stream/i.test(type))
      return unusable(response.body, provider.name, 'a stream that was not asked for')
    return withClassifiedError(provider, await pumpWhole(plan, response.body, relay?.tap(plan.wire), lowered))
  }
  if (/json/i.test(type) && !/event-stream/i.test(type))
    return wholeAsStream(plan, provider, response.body, lowered, handOver)
  const line = relay
    ? createRelayLine(relay.tap(plan.wire), () => encoderOf(plan))
    : convertLine(plan, decoderOf(plan), lowered)
  handOver()
  const pumped = pumpStream(plan, line, response.body, relay !== undefined)
  return withClassifiedError(provider, await pumped.result)
}

/** A host that ignores `stream` and sends one JSON body: an error, or an answer whose events we make. */
async function wholeAsStream(
  plan: AttemptPlan,
  provider: HttpProvider,
  body: Readable,
  lowered: LoweredTools | undefined,
  handOver: () => void,
): Promise<AttemptResult> {
  let decoded: GenerateResponse
  try {
    const codec = plan.upstreamProtocol!.client!.codecs.generate as ClientCodec<'generate'>
    const bytes = await readBody(body, provider.name)
    const json = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject
    decoded = codec.decodeResponse(json, { target: plan.target, report: plan.state.report })
  } catch (thrown) {
    return { kind: 'failed', ...faultOf(thrown, provider.name), sent: true }
  }
  if (decoded.error) return { kind: 'failed', sent: true, error: classified(provider, decoded.error) }
  const line = convertLine(plan, { push() {}, end() {} }, lowered)
  handOver()
  const pumped = pumpStream(plan, line, undefined, false)
  eventsOf(decoded, (event) => line.emit(event))
  pumped.pulse()
  pumped.closed()
  return pumped.result
}

function withClassifiedError(provider: HttpProvider, result: AttemptResult): AttemptResult {
  if (result.kind !== 'failed' || result.error.source !== 'upstream') return result
  return { ...result, error: classified(provider, result.error) }
}

function classified(provider: HttpProvider, error: GatewayErrorData): GatewayErrorData {
  const known: GatewayErrorData = { ...error, source: 'upstream', provider: provider.name }
  return provider.classify ? { ...provider.classify(known), provider: provider.name } : known
}

function unusable(body: Readable, provider: string, what: string): AttemptResult {
  body.destroy()
  return {
    kind: 'failed',
    sent: true,
    error: upstreamError('upstream_failed', `The upstream answered with ${what}.`, provider),
  }
}

function internalError(): GatewayErrorData {
  return new GatewayError({ class: 'internal', message: 'The gateway failed to handle this request.' }).data
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
