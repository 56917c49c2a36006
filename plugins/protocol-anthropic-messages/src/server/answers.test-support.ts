import type {
  GatewayEvent,
  GenerateResponse,
  Json,
  JsonObject,
  Loss,
  Protocol,
  ServerContext,
  WireRequest,
} from '@gantry/core'
import { accumulate, eventsOf, parseJsonLossless, sealEvents, sealParts } from '@gantry/core/codec'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { protocol as responses } from '@gantry/protocol-openai-responses'
import { loadFixtures } from '@gantry/testing'
import { attempt, framesOf } from '../captures.test-support.ts'
import { decodeResponse } from '../client/decode-response.ts'
import { streamDecoder } from '../client/stream-decoder.ts'
import { protocolName } from '../name.ts'
import { encodeResponse } from './encode-response.ts'
import { streamEncoder } from './stream-encoder.ts'

/** A recorded answer of one of three wires, as its client end reads it. */
export interface RecordedAnswer {
  readonly name: string
  readonly wire: 'chat' | 'anthropic' | 'responses'
  /** As core hands it to the server end: state of another wire sealed. */
  readonly events: readonly GatewayEvent[]
  readonly response: GenerateResponse
  /** What the upstream sent: the body, or the data of each frame. */
  readonly sent: readonly JsonObject[]
}

const client = { name: protocolName, carrier: 'signature' }

/** Every recorded answer of the three wires that ended well. */
export function recordedAnswers(): readonly RecordedAnswer[] {
  return (['chat', 'anthropic', 'responses'] as const).flatMap((wire) =>
    loadFixtures(new URL(`../../../../test/fixtures/${wire}`, import.meta.url)).flatMap(
      ({ name: file, exchanges }) =>
        exchanges.flatMap(({ protocol, provider, request, response }, index): readonly RecordedAnswer[] => {
          const path = request?.path.split('?')[0] ?? '/messages'
          if (protocol !== wire || provider === 'cohere' || response.status >= 400) return []
          if (!/\/(?:responses|messages|completions)$/.test(path)) return []
          const decoded =
            response.sse === undefined ? whole(wire, response.json) : streamed(wire, response.sse)
          if (!decoded) return []
          const events = sealed(wire, decoded)
          const name = `${wire}/${file}${index === 0 ? '' : `#${index}`}`
          return [{ name, wire, events, response: fold(events), sent: sentBy(response) }]
        }),
    ),
  )
}

/** The frames that the server end makes of events, parsed. */
export function written(
  events: readonly GatewayEvent[],
  context: ServerContext<'generate'> = contextOf(),
): readonly JsonObject[] {
  const encoder = streamEncoder(context)
  const frames: JsonObject[] = []
  for (const event of events) {
    encoder.push(event, (frame) => {
      if (!('data' in frame)) throw new Error('This wire has no comments.')
      const parsed = JSON.parse(frame.data) as JsonObject
      if (frame.event !== parsed['type']) throw new Error(`event: ${frame.event} is not ${frame.data}`)
      frames.push(parsed)
    })
  }
  return frames
}

/** The whole answer that the server end makes. */
export function wholeOf(
  response: GenerateResponse,
  context: ServerContext<'generate'> = contextOf(),
): JsonObject {
  return JSON.parse(JSON.stringify(encodeResponse(response, context))) as JsonObject
}

/** What a server codec gets beside an answer; `losses` fills as it works. */
export function contextOf(
  request: Partial<ServerContext<'generate'>['request']> = {},
): ServerContext<'generate'> & { readonly losses: Loss[] } {
  const losses: Loss[] = []
  return {
    wire: wireOf({}),
    request: { model: 'asked', stream: true, turns: [], ...request },
    requestId: 'req_000000001abcdef',
    report: (loss) => losses.push(loss),
    losses,
  }
}

/** A request as it arrives. */
export function wireOf(
  body: Json,
  {
    path = '/v1/messages',
    headers = {},
    params = {},
  }: {
    readonly path?: string
    readonly headers?: { readonly [name: string]: string }
    readonly params?: { readonly [name: string]: string }
  } = {},
): WireRequest {
  const bytes = Buffer.from(JSON.stringify(body))
  return {
    method: 'POST',
    path,
    params,
    headers: new Headers(headers),
    body: bytes,
    json: () => parseJsonLossless(bytes.toString()) as JsonObject,
  }
}

/** Events of a response. */
export function eventsIn(response: GenerateResponse): readonly GatewayEvent[] {
  const events: GatewayEvent[] = []
  eventsOf(response, (event) => events.push(event))
  return events
}

type Wire = RecordedAnswer['wire']

function whole(wire: Wire, json: Json | undefined): readonly GatewayEvent[] | undefined {
  if (!isObject(json)) return undefined
  const response =
    wire === 'anthropic'
      ? decodeResponse(json, attempt())
      : clientOf(wire).decodeResponse(json, attempt('m', { protocol: wire }))
  return response.finish && response.finish.reason !== 'error' ? eventsIn(response) : undefined
}

function streamed(wire: Wire, sse: string): readonly GatewayEvent[] | undefined {
  const events: GatewayEvent[] = []
  const decoder =
    wire === 'anthropic'
      ? streamDecoder(attempt())
      : clientOf(wire).streamDecoder?.(attempt('m', { protocol: wire }))
  if (!decoder) return undefined
  const emit = (event: GatewayEvent): void => void events.push(event)
  for (const frame of framesOf(sse)) decoder.push(frame, emit)
  decoder.end(emit)
  // The pump ends such streams itself.
  const isBroken = events.some(
    (event) =>
      event.type === 'error' ||
      event.type === 'restart' ||
      (event.type === 'finish' && event.finish.reason === 'error'),
  )
  return isBroken ? undefined : events
}

function clientOf(wire: Wire): NonNullable<NonNullable<Protocol['client']>['codecs']['generate']> {
  const codec = (wire === 'chat' ? chat : responses).client?.codecs.generate
  if (!codec) throw new Error(`${wire} has no client end.`)
  return codec
}

function sealed(wire: Wire, events: readonly GatewayEvent[]): readonly GatewayEvent[] {
  if (wire === 'anthropic') return events
  const seal = sealEvents(client, { issuer: 'upstream' })
  return events.flatMap((event) => seal(event) ?? [])
}

function fold(events: readonly GatewayEvent[]): GenerateResponse {
  const folded = accumulate()
  for (const event of events) folded.push(event)
  const response = folded.response()
  return { ...response, parts: sealParts(response.parts, client, { issuer: 'upstream' }) }
}

function sentBy({
  json,
  sse,
}: {
  readonly json?: Json | undefined
  readonly sse?: string | undefined
}): readonly JsonObject[] {
  if (sse === undefined) return [json].filter(isObject)
  return framesOf(sse).flatMap(({ data }) =>
    data === '[DONE]' || data === '' ? [] : [JSON.parse(data) as JsonObject],
  )
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
