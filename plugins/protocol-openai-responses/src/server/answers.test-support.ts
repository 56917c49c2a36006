import type {
  Frame,
  GatewayEvent,
  GenerateResponse,
  Json,
  JsonObject,
  Loss,
  Protocol,
  ServerContext,
} from '@gantry/core'
import { accumulate, eventsOf, sealEvents, sealParts } from '@gantry/core/codec'
import { protocol as messages } from '@gantry/protocol-anthropic-messages'
import { protocol as chat } from '@gantry/protocol-openai-chat'
import { loadFixtures } from '@gantry/testing'
import { decodeResponse } from '../client/decode-response.ts'
import { streamDecoder } from '../client/stream-decoder.ts'
import { name } from '../name.ts'
import { attempt, framesOf, wireOf } from '../recorded.test-support.ts'
import { encodeResponse } from './encode-response.ts'
import { streamEncoder } from './stream-encoder.ts'

/** A recorded answer of one of three wires, as its client end reads it. */
export interface RecordedAnswer {
  readonly name: string
  readonly wire: 'chat' | 'anthropic' | 'responses'
  readonly request: JsonObject
  /** As core hands it to the server end: state of another wire sealed. */
  readonly events: readonly GatewayEvent[]
  readonly response: GenerateResponse
  /** What the upstream sent: the body, or the data of each frame. */
  readonly sent: readonly JsonObject[]
}

const client = { name, carrier: 'encrypted' }

/** Every recorded answer of the three wires that ended well. */
export function recordedAnswers(): readonly RecordedAnswer[] {
  return (['chat', 'anthropic', 'responses'] as const).flatMap((wire) =>
    loadFixtures(new URL(`../../../../test/fixtures/${wire}`, import.meta.url)).flatMap(
      ({ name: file, exchanges }) =>
        exchanges.flatMap((exchange, index): readonly RecordedAnswer[] => {
          const { protocol, provider, request, response } = exchange
          const path = request?.path.split('?')[0] ?? '/responses'
          if (protocol !== wire || provider === 'cohere' || response.status >= 400) return []
          if (!/\/(?:responses|messages|completions)$/.test(path)) return []
          const decoded =
            response.sse === undefined ? whole(wire, response.json) : streamed(wire, response.sse)
          if (!decoded) return []
          const events = sealed(wire, decoded)
          return [
            {
              name: `${wire}/${file}${index === 0 ? '' : `#${index}`}`,
              wire,
              request: isObject(request?.body) ? request.body : {},
              events,
              response: fold(events),
              sent:
                response.sse === undefined
                  ? [response.json].filter(isObject)
                  : framesOf(response.sse).map(
                      ({ data }) => JSON.parse(data === '[DONE]' ? '{}' : data) as JsonObject,
                    ),
            },
          ]
        }),
    ),
  )
}

/** The frames that the server end makes of events, parsed. */
export function written(
  events: readonly GatewayEvent[],
  context: ServerContext<'generate'> = contextOf({}),
): readonly JsonObject[] {
  const encoder = streamEncoder(context)
  const frames: JsonObject[] = []
  for (const event of events) {
    encoder.push(event, (frame) => {
      if ('data' in frame) frames.push(JSON.parse(frame.data) as JsonObject)
    })
  }
  return frames
}

/** The whole answer that the server end makes. */
export function wholeOf(
  response: GenerateResponse,
  context: ServerContext<'generate'> = contextOf({}),
): JsonObject {
  return JSON.parse(JSON.stringify(encodeResponse(response, context))) as JsonObject
}

/** What a server codec gets beside an answer; `losses` fills as it works. */
export function contextOf(
  body: JsonObject,
  request: Partial<ServerContext<'generate'>['request']> = {},
): ServerContext<'generate'> & { readonly losses: Loss[] } {
  const losses: Loss[] = []
  return {
    wire: wireOf(body),
    request: { model: 'asked', stream: true, turns: [], ...request },
    requestId: 'req_000000001abcdef',
    report: (loss) => losses.push(loss),
    losses,
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
    wire === 'responses'
      ? decodeResponse(json, attempt())
      : clientOf(wire).decodeResponse(json, attempt('m', { protocol: wire }))
  return response.finish ? eventsIn(response) : undefined
}

function streamed(wire: Wire, sse: string): readonly GatewayEvent[] | undefined {
  const events: GatewayEvent[] = []
  const decoder =
    wire === 'responses'
      ? streamDecoder(attempt())
      : clientOf(wire).streamDecoder?.(attempt('m', { protocol: wire }))
  if (!decoder) return undefined
  const emit = (event: GatewayEvent): void => void events.push(event)
  for (const frame of framesOf(sse) as readonly Frame[]) decoder.push(frame, emit)
  decoder.end(emit)
  // The pump ends such streams itself.
  return events.some(({ type }) => type === 'error' || type === 'restart') ? undefined : events
}

function clientOf(wire: Wire): NonNullable<NonNullable<Protocol['client']>['codecs']['generate']> {
  const codec = (wire === 'chat' ? chat : messages).client?.codecs.generate
  if (!codec) throw new Error(`${wire} has no client end.`)
  return codec
}

function sealed(wire: Wire, events: readonly GatewayEvent[]): readonly GatewayEvent[] {
  if (wire === 'responses') return events
  const seal = sealEvents(client, { issuer: 'upstream' })
  return events.flatMap((event) => seal(event) ?? [])
}

function fold(events: readonly GatewayEvent[]): GenerateResponse {
  const folded = accumulate()
  for (const event of events) folded.push(event)
  const response = folded.response()
  return { ...response, parts: sealParts(response.parts, client, { issuer: 'upstream' }) }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
