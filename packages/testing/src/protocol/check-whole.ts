import { expect } from 'vitest'
import type { GatewayEvent, GenerateResponse, JsonObject } from '@gantry/core'
import { accumulate, eventsOf, orderGuard } from '@gantry/core/codec'
import { toWireRequest } from '../fixtures.ts'
import { nonZero } from '../normalise/rules.ts'
import type { ProtocolCheck } from './options.ts'
import { decodeFrames, deepFreeze, readFrames, sseFrames } from './streams.ts'
import { bodyOf, type Subject } from './subject.ts'
import { encodeEvents } from './check-stream.ts'
import { encodeFrame } from '@gantry/wire'

/** Checks about a recorded request. */
export function requestChecks(subject: Subject): readonly ProtocolCheck[] {
  const { name: group, exchange, protocol, options } = subject
  const body = bodyOf(exchange.request?.body)
  const server = protocol.server?.codecs.generate
  const client = protocol.client?.codecs.generate
  if (!exchange.request || !body || !server || !client || subject.operation !== 'generate') return []
  const { request } = exchange
  return [
    {
      group,
      name: 'request: decoded and encoded it is the same',
      run() {
        const decoded = deepFreeze(server.decodeRequest(toWireRequest(request)))
        const context = subject.client(decoded.model)
        const encoded = client.encodeRequest(decoded, context)
        expect(options.rules.request(encoded.body)).toEqual(options.rules.request(body))
        expect(encoded.lowered ?? {}, 'nothing is lowered towards the same protocol').toEqual({})
        context.expectNoLoss()
      },
    },
  ]
}

/** Checks about a recorded whole response. */
export function responseChecks(subject: Subject): readonly ProtocolCheck[] {
  const { name: group, exchange, protocol, options } = subject
  const body = bodyOf(exchange.response.json)
  const client = protocol.client?.codecs.generate
  const server = protocol.server?.codecs.generate
  if (!body || !client || exchange.response.status >= 400 || subject.operation !== 'generate') return []
  const { rules } = options
  const decode = (): GenerateResponse => deepFreeze(client.decodeResponse(body, subject.client()))
  const checks: ProtocolCheck[] = [
    {
      group,
      name: 'response: usage is what the bytes say',
      run() {
        expect(nonZero(decode().usage?.tokens ?? {})).toEqual(rules.usage(body) ?? {})
      },
    },
    {
      group,
      name: 'response: it becomes events and back',
      run() {
        const response = decode()
        const events: GatewayEvent[] = []
        eventsOf(response, (event) => events.push(event))
        const guard = orderGuard()
        const folded = accumulate()
        for (const event of events) {
          guard.push(event)
          folded.push(event)
        }
        guard.end()
        expect(folded.response()).toEqual(response)
      },
    },
  ]
  if (!server) return checks
  checks.push({
    group,
    name: 'response: decoded and encoded it is the same',
    run() {
      const context = subject.server()
      expect(rules.response(server.encodeResponse(decode(), context))).toEqual(rules.response(body))
      context.expectNoLoss()
    },
  })
  if (server.streamEncoder) {
    checks.push({
      group,
      name: 'response: streamed it says the same',
      run() {
        const response = decode()
        const events: GatewayEvent[] = []
        eventsOf(response, (event) => events.push(event))
        const text = encodeEvents(subject, events).map(encodeFrame).join('')
        const frames = readFrames(sseFrames, Buffer.from(text))
        const again = decodeFrames(client, frames, subject.client())
        const folded = accumulate()
        for (const event of again) folded.push(event)
        expect(gist(folded.response())).toEqual(gist(response))
      },
    })
  }
  return checks
}

/** What an answer says, without what a stream of the same protocol has no place for. */
function gist(response: GenerateResponse): object {
  const { parts, finish, usage } = response
  return {
    texts: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    thoughts: parts
      .flatMap((part) => (part.type === 'reasoning' ? part.segments.map(({ text }) => text) : []))
      .join(''),
    calls: parts.flatMap((part) =>
      part.type === 'tool_call' ? [{ id: part.callId, name: part.name, arguments: part.arguments }] : [],
    ),
    reason: finish?.reason,
    tokens: nonZero(usage?.tokens ?? {}),
  }
}

/** Checks of operations other than `generate`, where both ends exist: the body is the same after both. */
export function otherChecks(subject: Subject): readonly ProtocolCheck[] {
  const { name: group, exchange, protocol, operation, options } = subject
  const body = bodyOf(exchange.response.json)
  if (!body || exchange.response.status >= 400) return []
  if (operation === 'countTokens') {
    const client = protocol.client?.codecs.countTokens
    const server = protocol.server?.codecs.countTokens
    if (!client || !server) return []
    const encode = (): JsonObject =>
      server.encodeResponse(client.decodeResponse(body, subject.client()), subject.server())
    return [
      {
        group,
        name: 'count: decoded and encoded it is the same',
        run: () => expect(options.rules.response(encode())).toEqual(options.rules.response(body)),
      },
    ]
  }
  return []
}
