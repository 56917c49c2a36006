import type { GatewayEvent, GenerateResponse, Json, JsonObject, OutputFrame } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { describe, expect, test } from 'vitest'
import { createTap } from './client/tap.ts'
import { decodeResponse } from './client/decode-response.ts'
import { encodeRequest } from './client/encode-request.ts'
import {
  eventsIn,
  framesOf,
  isCohere,
  recorded,
  serverContext,
  targetOf,
  wireOf,
  type Exchange,
} from './recorded.fixture.ts'
import { expectSame, foldRaw, o, readRaw, type Loose } from './independent.fixture.ts'
import { decodeRequest } from './server/decode-request.ts'
import { encodeResponse } from './server/encode-response.ts'
import { streamEncoder } from './server/stream-encoder.ts'

const all = recorded()
const chat = all.filter((exchange) => !isCohere(exchange))
const requests = chat.filter(({ request }) => request !== null)
const answers = chat.filter(({ response }) => response.json && response.status === 200)
const streams = chat.filter(({ response }) => response.sse !== undefined)
const named = (list: readonly Exchange[]): [string, Exchange][] =>
  list.map((exchange, index) => [`${exchange.file} ${index}`, exchange])

test('the fixtures are the ones that were counted', () => {
  expect(new Set(all.map(({ file }) => file)).size).toBe(78)
  expect([requests.length, answers.length, streams.length]).toEqual([78, 73, 22])
})

describe('requests: decode, encode', () => {
  test.each(named(requests))('%s', (_name, { request }) => {
    const body = request?.body ?? {}
    const decoded = decodeRequest(wireOf(body))
    const encoded = encodeRequest(decoded, {
      target: targetOf(decoded.model),
      report: (loss) => expect.unreachable(`a loss: ${JSON.stringify(loss)}`),
    })
    expect(normalRequest(encoded.body)).toEqual(normalRequest(body))
    expect(encoded.lowered).toBeUndefined()
  })
})

describe('answers: decode, encode', () => {
  test.each(named(answers))('%s', (_name, { response }) => {
    const body = response.json ?? {}
    const decoded = decodeResponse(body)
    expect(decoded.error).toBeUndefined()
    const encoded = encodeResponse(decoded, serverContext())
    expect(normalAnswer(encoded)).toEqual(normalAnswer(body))
    expect(decodeResponse(encoded)).toEqual(decodeResponse(normalised(body)))
  })

  test.each(named(answers))('read independently: %s', (_name, { response }) => {
    expectSame(decodeResponse(response.json ?? {}), readRaw(response.json ?? {}))
  })
})

describe('streams: decode, encode, decode', () => {
  test.each(named(streams))('%s', (_name, { response }) => {
    const frames = framesOf(response.sse ?? '')
    const events = eventsIn(frames)
    const guard = orderGuard()
    for (const event of events) guard.push(event)
    guard.end()
    const answer = fold(events)
    expectSame(answer, readRaw(foldRaw(frames.map(({ data }) => data))))

    const written = encodeAll(events)
    expect(written.at(-1)).toEqual({ data: '[DONE]' })
    const again = eventsIn(written.filter((frame) => 'data' in frame))
    const folded = fold(again)
    // The time is ours where the host gave none.
    expect(comparable(folded)).toEqual(comparable({ createdAt: folded.createdAt ?? 0, ...answer }))
    expectSame(answer, readRaw(foldRaw(written.flatMap((frame) => ('data' in frame ? [frame.data] : [])))))
  })

  test.each(named(streams))('the tap reads what the decoder reads: %s', (_name, { response }) => {
    const frames = framesOf(response.sse ?? '')
    const answer = fold(eventsIn(frames))
    const tap = createTap(wireOf({ stream: true, stream_options: { include_usage: true } }))
    let parsed = 0
    for (const frame of frames) {
      if (!tap.wants(frame.data)) continue
      parsed++
      expect(tap.frame(frame)).toBe('pass')
    }
    const result = tap.result()
    expect(result.usage).toEqual(answer.usage)
    expect(result.finish).toEqual(answer.finish)
    expect(result.id).toBe(answer.id)
    expect(result.complete).toBe(true)
    expect(result.outputBytes).toBe(bytesOf(answer))
    // Frames before the first output, with the reason, with usage, and `[DONE]`; never the text between.
    expect(parsed).toBeLessThan(12)
  })
})

function fold(events: readonly GatewayEvent[]): GenerateResponse {
  const folded = accumulate()
  for (const event of events) folded.push(event)
  return folded.response()
}

function encodeAll(events: readonly GatewayEvent[]): readonly OutputFrame[] {
  const frames: OutputFrame[] = []
  const encoder = streamEncoder(serverContext())
  for (const event of events) encoder.push(event, (frame) => frames.push(frame))
  return frames
}

/** Mistral's content list comes back as a field; a stream's own wrapper of what stood late is where it stood. */
function comparable(answer: GenerateResponse): unknown {
  return JSON.parse(
    JSON.stringify(answer).replaceAll('{"openai-chat":{"$field":"content"}}', '{}'),
    (key, value: unknown) => (key === 'extra' && Object.keys(o(value)).length === 0 ? undefined : value),
  )
}

function bytesOf(answer: GenerateResponse): number {
  let bytes = 0
  for (const part of answer.parts) {
    if (part.type === 'text') bytes += Buffer.byteLength(part.text)
    if (part.type === 'tool_call') bytes += Buffer.byteLength(part.arguments)
    if (part.type === 'reasoning') for (const { text } of part.segments) bytes += Buffer.byteLength(text)
  }
  return bytes
}

/** Key order is free; null, absent and empty are equal for some fields; one plain text is a string. */
function normalRequest(body: JsonObject): unknown {
  return {
    ...body,
    messages: (body['messages'] as JsonObject[]).map(normalMessage),
  }
}

function normalMessage(message: JsonObject): unknown {
  const result: Loose = { ...message }
  const content = result['content']
  if (Array.isArray(content) && content.length === 1) {
    const only = o(content[0])
    if (only['type'] === 'text' && Object.keys(only).length === 2) result['content'] = only['text']
  }
  for (const key of ['content', 'refusal', 'annotations', 'tool_calls']) {
    const value = result[key]
    if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) delete result[key]
  }
  return result
}

function normalAnswer(body: JsonObject): unknown {
  return {
    ...body,
    choices: (body['choices'] as JsonObject[]).map((choice) => ({
      ...choice,
      message: normalMessage(withoutLists(choice['message'] as JsonObject)),
    })),
  }
}

/** Mistral's list of thinking and text is written as the fields that chat clients read; calls get their type. */
function withoutLists(message: JsonObject): JsonObject {
  const calls = message['tool_calls']
  const typed = Array.isArray(calls) ? calls.map((call) => ({ type: 'function', ...o(call) }) as Json) : calls
  const withCalls = calls === undefined ? message : { ...message, tool_calls: typed }
  if (!Array.isArray(message['content'])) return withCalls
  const raw = readRaw({ choices: [{ message }] })
  return { ...withCalls, content: raw.text, reasoning_content: raw.reasoning }
}

function normalised(body: JsonObject): JsonObject {
  return normalAnswer(body) as JsonObject
}
