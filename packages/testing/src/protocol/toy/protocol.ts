import {
  GatewayError,
  type ErrorClass,
  type Frame,
  type GatewayErrorData,
  type GatewayEvent,
  type GenerateRequest,
  type GenerateResponse,
  type JsonObject,
  type Protocol,
  type StreamDecoder,
  type StreamEncoder,
  type Tap,
  type ToolCallPart,
  type Usage,
} from '@gantry/core'
import { requireArray, requireString } from '@gantry/core/codec'
import { listOf, numberOf, objectOf, textOf } from '../../normalise/rules.ts'

/**
 * A small protocol with both ends, to try the suite on: one text, one call, usage, a reason.
 * `{"say":…}` frames carry text, `{"call":…}` and `{"args":…}` a call, `{"done":…}` closes.
 */
export function toyProtocol(changes: (protocol: ToyProtocol) => Protocol = (protocol) => protocol): Protocol {
  return changes(sound)
}

/** The toy with nothing optional left out, so that a test can break one piece of it. */
export type ToyProtocol = Protocol & Required<Pick<Protocol, 'server' | 'client'>>

const sound: ToyProtocol = {
  name: 'toy',
  contract: 1,
  server: {
    codecs: {
      generate: {
        routes: [{ method: 'POST', path: '/toy' }],
        decodeRequest: (wire) => decodeRequest(wire.json()),
        encodeResponse: (response) => encodeResponse(response),
        streamEncoder: () => streamEncoder(),
      },
    },
    encodeError: (error, { requestId }) => ({
      status: error.status,
      body: { failed: { why: error.message, class: error.class, request: requestId } },
    }),
  },
  client: {
    framing: 'sse',
    codecs: {
      generate: {
        encodeRequest: (request) => ({ path: '/toy', body: encodeRequest(request) }),
        decodeResponse: (body) => decodeResponse(body),
        streamDecoder: () => streamDecoder(),
      },
    },
    decodeError,
    relay: {
      path: () => '/toy',
      headers: () => ({}),
      splices: (_wire, target) => [{ pointer: '/model', value: target.model }],
      tap: () => tap(),
    },
  },
}

function decodeRequest(body: JsonObject): GenerateRequest {
  return {
    model: requireString(body, 'model', ''),
    stream: body['stream'] === true,
    turns: requireArray(body, 'lines', '').map((line, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      parts: [{ type: 'text', text: textOf(line) }],
    })),
  }
}

function encodeRequest(request: GenerateRequest): JsonObject {
  const lines = request.turns.map(({ parts }) =>
    parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
  )
  return { model: request.model, lines, ...(request.stream && { stream: true }) }
}

function decodeResponse(body: JsonObject): GenerateResponse {
  const call = body['call'] === undefined ? [] : [callOf(objectOf(body['call']))]
  const usage = usageOf(body)
  return {
    id: textOf(body['id']),
    parts: [
      ...(body['say'] === undefined ? [] : [{ type: 'text' as const, text: textOf(body['say']) }]),
      ...call,
    ],
    finish: { reason: call.length > 0 ? 'tool_calls' : 'stop' },
    ...(usage && { usage }),
  }
}

function encodeResponse({ id, parts, usage }: GenerateResponse): JsonObject {
  const text = parts.find((part) => part.type === 'text')
  const call = parts.find((part) => part.type === 'tool_call')
  return {
    id,
    ...(text && { say: text.text }),
    ...(call && { call: { id: call.callId, name: call.name, args: call.arguments } }),
    ...(usage && { in: usage.tokens.input ?? 0, out: usage.tokens.output ?? 0 }),
  }
}

function callOf(call: JsonObject): ToolCallPart {
  return {
    type: 'tool_call',
    kind: 'function',
    callId: textOf(call['id']),
    name: textOf(call['name']),
    arguments: textOf(call['args']),
  }
}

function usageOf(body: JsonObject): Usage | undefined {
  if (body['in'] === undefined) return undefined
  return {
    tokens: { input: numberOf(body['in']), output: numberOf(body['out']) },
    source: 'upstream',
    final: true,
  }
}

function streamDecoder(): StreamDecoder<GatewayEvent> {
  let index = -1
  let open: 'text' | 'call' | undefined
  let closed = false
  let called = false
  const close = (emit: (event: GatewayEvent) => void): void => {
    if (open) emit({ type: 'part-end', index })
    open = undefined
  }
  return {
    push(frame, emit) {
      const event = JSON.parse(frame.data) as JsonObject
      if (event['id'] !== undefined) emit({ type: 'start', id: textOf(event['id']) })
      if (event['say'] !== undefined) {
        if (open !== 'text') {
          close(emit)
          emit({ type: 'part-start', index: ++index, part: { type: 'text', text: '' } })
          open = 'text'
        }
        emit({ type: 'part-delta', index, delta: { type: 'text', text: textOf(event['say']) } })
      }
      if (event['call'] !== undefined) {
        close(emit)
        called = true
        open = 'call'
        emit({ type: 'part-start', index: ++index, part: callOf(objectOf(event['call'])) })
      }
      if (event['args'] !== undefined) {
        emit({ type: 'part-delta', index, delta: { type: 'arguments', text: textOf(event['args']) } })
      }
      if (event['done'] === undefined) return
      close(emit)
      const usage = usageOf(event)
      if (usage) emit({ type: 'usage', usage })
      emit({ type: 'finish', finish: { reason: called ? 'tool_calls' : 'stop' } })
      emit({ type: 'end' })
      closed = true
    },
    end(emit) {
      if (closed) return
      close(emit)
      const { data: error } = new GatewayError({
        class: 'upstream_truncated',
        message: 'The stream ended without its last frame.',
        source: 'upstream',
      })
      emit({ type: 'error', error })
    },
  }
}

function streamEncoder(): StreamEncoder<GatewayEvent> {
  let usage: Usage | undefined
  return {
    push(event, write) {
      const send = (value: JsonObject): void => write({ data: JSON.stringify(value) })
      if (event.type === 'start') send({ id: event.id })
      if (event.type === 'part-start' && event.part.type === 'tool_call') {
        const { callId, name } = event.part
        send({ call: { id: callId, name } })
      }
      if (event.type === 'part-delta' && event.delta.type === 'text') send({ say: event.delta.text })
      if (event.type === 'part-delta' && event.delta.type === 'arguments') send({ args: event.delta.text })
      if (event.type === 'usage') usage = event.usage
      if (event.type === 'end') {
        send({ done: true, ...(usage && { in: usage.tokens.input ?? 0, out: usage.tokens.output ?? 0 }) })
      }
      if (event.type === 'error') send({ failed: event.error.message })
    },
  }
}

function tap(): Tap {
  let usage: Usage | undefined
  let complete = false
  let called = false
  const take = (value: JsonObject): 'pass' => {
    called ||= value['call'] !== undefined
    usage = usageOf(value) ?? usage
    complete ||= value['done'] !== undefined
    return 'pass'
  }
  return {
    wants: (data) => data.includes('"done"') || data.includes('"call"'),
    frame: (frame) => take(JSON.parse(frame.data) as JsonObject),
    body: (json) => void take(json),
    result: () => ({
      committed: true,
      complete,
      outputBytes: 0,
      finish: { reason: called ? 'tool_calls' : 'stop' },
      ...(usage && { usage }),
    }),
  }
}

const classOf: { readonly [status: number]: ErrorClass } = {
  401: 'authentication',
  402: 'insufficient_funds',
  403: 'permission',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  413: 'too_large',
  429: 'rate_limited',
  503: 'overloaded',
  504: 'timeout',
  529: 'overloaded',
}

function decodeError(status: number, _headers: Headers, body: Uint8Array): GatewayErrorData {
  const name = classOf[status] ?? (status >= 500 ? 'upstream_failed' : 'invalid_request')
  return new GatewayError({
    class: name,
    status,
    source: 'upstream',
    message: messageOf(body) ?? `status ${status}`,
  }).data
}

function messageOf(body: Uint8Array): string | undefined {
  try {
    const [message] = listOf([objectOf(JSON.parse(Buffer.from(body).toString()))['failed'] ?? null])
    return textOf(message?.['why']) || undefined
  } catch {
    return undefined
  }
}

/** Frames of a toy stream. */
export function toyFrames(values: readonly JsonObject[]): readonly Frame[] {
  return values.map((value) => ({ data: JSON.stringify(value) }))
}
