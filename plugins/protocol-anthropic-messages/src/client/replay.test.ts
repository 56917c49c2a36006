import type { Finish, Frame, GatewayEvent, GenerateResponse, JsonObject, Part } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { describe, expect, it } from 'vitest'
import { attempt, captures, framesOf, type Capture } from '../captures.test-support.ts'
import { encode, user } from '../encode.test-support.ts'
import { foldStream, parsed, readMessage, readStream, type Reading } from '../raw-reading.test-support.ts'
import { decodeError } from './decode-error.ts'
import { decodeResponse } from './decode-response.ts'
import { streamDecoder } from './stream-decoder.ts'

const all = captures()
const responses = all.filter((capture) => capture.kind === 'response')
const streams = all.filter((capture) => capture.kind === 'stream')

const reasons: { readonly [raw: string]: Finish['reason'] } = {
  end_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  refusal: 'refusal',
}

describe('recorded traffic', () => {
  it('is what this test thinks it is', () => {
    expect(new Set(all.map(({ file }) => file)).size).toBe(101)
    const kinds = Object.groupBy(all, ({ kind }) => kind)
    expect(kinds.response).toHaveLength(81)
    expect(kinds.stream).toHaveLength(33)
    expect(kinds.error).toHaveLength(1)
    // Token counts are an operation of their own, and one file holds the next turn's exchange with Gemini.
    expect(kinds['token count']?.every(({ tags }) => tags.includes('count-tokens'))).toBe(true)
    expect(kinds['other vendor']).toHaveLength(1)
  })

  it.each(responses.map((capture) => [nameOf(capture), capture] as const))(
    'decodes %s',
    (_name, { json = {} }) => {
      const response = decodeResponse(json, attempt())
      expectSame(response, readMessage(json))
      expect(response.usage?.final).toBe(true)
    },
  )

  it.each(streams.map((capture) => [nameOf(capture), capture] as const))(
    'decodes the stream %s',
    (_name, { sse = '' }) => {
      const frames = framesOf(sse)
      const { events, response } = decode(frames)
      expectSame(response, readStream(frames))
      expect(events.at(-1)?.type).toBe('end')
      expect(response.usage?.final).toBe(true)
    },
  )

  it('decodes the recorded error', () => {
    const [capture] = all.filter(({ kind }) => kind === 'error')
    const body = new TextEncoder().encode(JSON.stringify(capture?.json))
    expect(decodeError(capture?.status ?? 0, new Headers(), body)).toMatchObject({
      class: 'invalid_request',
      status: 400,
      source: 'upstream',
      retryable: false,
      message: "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium.",
    })
  })

  it('says the same whole and streamed', () => {
    let compared = 0
    for (const { sse = '' } of streams) {
      const frames = framesOf(sse)
      const { response: streamed } = decode(frames)
      const { native: _native, ...usage } = streamed.usage ?? { native: undefined }
      const whole = decodeResponse(foldStream(frames), attempt())
      const { native: _other, ...wholeUsage } = whole.usage ?? { native: undefined }
      // A call that the limit cut is no JSON: only a stream can carry its text.
      if (streamed.finish?.reason !== 'length') {
        expect(streamed.parts.map(comparable)).toEqual(whole.parts.map(comparable))
      }
      expect(streamed.finish).toEqual(whole.finish)
      expect(usage).toEqual(wholeUsage)
      compared++
    }
    expect(compared).toBe(33)
  })
})

describe('replayed answers', () => {
  it('go back to Anthropic block by block as they came', () => {
    let blocks = 0
    for (const { json = {} } of responses) {
      const { parts } = decodeResponse(json, attempt())
      if (parts.length === 0) continue
      const { at, report } = encode({ turns: [user('Q'), { role: 'assistant', parts }, user('And?')] })
      const came = (json['content'] as readonly JsonObject[]).filter((block) => block['text'] !== '')
      // Blanks at the end matter only in a prefill; `citations: null` is no citation.
      expect(at('/messages/1/content')).toEqual(
        came.map((block) => Object.fromEntries(Object.entries(block).filter(([, value]) => value !== null))),
      )
      expect(report).toEqual([])
      blocks += came.length
    }
    expect(blocks).toBeGreaterThan(200)
  })
})

describe('slices', () => {
  const small = streams.filter(({ sse = '' }) => new TextEncoder().encode(sse).length < 8192)

  it('gives the same events for every cut in two', () => {
    expect(small.length).toBeGreaterThan(15)
    for (const { sse = '' } of small) {
      const whole = framesOf(sse)
      const expected = JSON.stringify(decode(whole).events)
      const seen = new Set<string>()
      const length = new TextEncoder().encode(sse).length
      for (let cut = 1; cut < length; cut++) seen.add(JSON.stringify(framesOf(sse, [cut, length - cut])))
      // Equal frames give equal events; so each distinct reading is decoded once.
      for (const frames of seen)
        expect(JSON.stringify(decode(JSON.parse(frames) as Frame[]).events)).toBe(expected)
    }
  })

  it('gives the same events for seeded random slices and for single bytes', () => {
    const random = generator(20_261_120)
    for (const { sse = '' } of streams) {
      const expected = JSON.stringify(decode(framesOf(sse)).events)
      for (let round = 0; round < 8; round++) {
        const sizes = Array.from({ length: 400 }, () => 1 + Math.floor(random() * (round < 4 ? 40 : 700)))
        expect(JSON.stringify(decode(framesOf(sse, sizes)).events)).toBe(expected)
      }
      expect(JSON.stringify(decode(framesOf(sse, [1])).events)).toBe(expected)
    }
  })
})

function decode(frames: readonly Frame[]): {
  readonly events: readonly GatewayEvent[]
  readonly response: GenerateResponse
} {
  const events: GatewayEvent[] = []
  const guard = orderGuard()
  const folded = accumulate()
  const decoder = streamDecoder(attempt())
  const emit = (event: GatewayEvent): void => {
    guard.push(event)
    folded.push(event)
    events.push(event)
  }
  for (const frame of frames) decoder.push(frame, emit)
  decoder.end(emit)
  guard.end()
  return { events, response: folded.response() }
}

function expectSame(response: GenerateResponse, reading: Reading): void {
  expect(response.id).toBe(reading.id)
  expect(join(response.parts, (part) => (part.type === 'text' ? part.text : ''))).toBe(reading.text)
  expect(
    join(response.parts, (part) =>
      part.type === 'reasoning' ? part.segments.map(({ text }) => text).join('') : '',
    ),
  ).toBe(reading.thinking)
  expect(
    response.parts.flatMap((part) => (part.type === 'reasoning' && part.custody ? [part.custody.blob] : [])),
  ).toEqual(reading.signatures)
  expect(
    response.parts.flatMap((part) =>
      part.type === 'tool_call' ? [{ id: part.callId, name: part.name, input: parsed(part.arguments) }] : [],
    ),
  ).toEqual(reading.calls)
  expect(
    response.parts.flatMap((part) =>
      part.type === 'server_tool_call' || part.type === 'server_tool_result'
        ? [part.native.value['type']]
        : [],
    ),
  ).toEqual(reading.hosted)
  expect(response.finish?.reason).toBe(reasons[String(reading.stopReason)])
  const counted = Object.entries(response.usage?.tokens ?? {}).filter(([, value]) => value !== 0)
  expect(Object.fromEntries(counted)).toEqual(reading.buckets)
  expect(response.usage?.units?.['web_search'] ?? 0).toBe(reading.searches)
  expect(response.usage?.suspect).toBeUndefined()
}

/** Streamed arguments keep the spacing the model wrote; an object has none. */
function comparable(part: Part): object {
  return 'arguments' in part ? { ...part, arguments: parsed(part.arguments) } : part
}

function join(parts: readonly Part[], text: (part: Part) => string): string {
  return parts.map(text).join('')
}

function nameOf(capture: Capture): string {
  return capture.file.replace(/\.json$/, '')
}

/** mulberry32: small, seeded, good enough to choose cuts. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
