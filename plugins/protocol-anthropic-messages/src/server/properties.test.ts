import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GatewayError, type GatewayEvent, type Json, type JsonObject } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { captures, framesOf, attempt } from '../captures.test-support.ts'
import { streamDecoder } from '../client/stream-decoder.ts'
import { contextOf, wholeOf, wireOf, written } from './answers.test-support.ts'
import { decodeCount, decodeRequest } from './decode-request.ts'
import { anyEvents } from './random-events.test-support.ts'
import { eventViolations, violations } from './schema.test-support.ts'
import { readStrictly } from './strict-reader.test-support.ts'

it('any answer is a stream that every reader takes', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const guard = orderGuard()
      for (const event of events) guard.push(event)
      guard.end()
      const found = written(events)
      expect(found.flatMap((event) => eventViolations(event, 'Message', 'ContentBlock'))).toEqual([])
      readStrictly(found)
    }),
    { numRuns: 1_000 },
  )
})

it('any answer says as a whole what its stream says, and loses the same', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      fc.pre(events.at(-1)?.type === 'end')
      const folded = accumulate()
      for (const event of events) folded.push(event)
      const context = contextOf()
      const { message } = readStrictly(written(events))
      const whole = wholeOf(folded.response(), context)
      expect(violations('Message', whole)).toEqual([])
      expect(gist(whole)).toEqual(gist(message))
    }),
    { numRuns: 1_000 },
  )
})

it('no call of an answer shares its id with another, and the same answer has the same ids', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const ids = written(events).flatMap((event) => {
        const { type, id } = object(event['content_block'])
        return type === 'tool_use' ? [String(id)] : []
      })
      expect(new Set(ids).size).toBe(ids.length)
      expect(JSON.stringify(written(events))).toBe(JSON.stringify(written(events)))
    }),
    { numRuns: 300 },
  )
})

const streams = captures().flatMap(({ kind, sse }) => (kind === 'stream' && sse ? [sse] : []))

it('what we write, read again in any slices, gives the same events', () => {
  fc.assert(
    fc.property(
      fc.nat(streams.length - 1),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
      (which, sizes) => {
        const sse = streams[which] ?? ''
        expect(JSON.stringify(eventsOf(sse, sizes))).toBe(JSON.stringify(eventsOf(sse)))
      },
    ),
    { numRuns: 100 },
  )
})

const bodies = captures().flatMap(({ kind, requestBody }) =>
  kind !== 'other vendor' && requestBody && JSON.stringify(requestBody).length < 20_000 ? [requestBody] : [],
)
const hostile: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
  fc.constantFrom<Json>(null, '', [], {}, 0, -1, 1e300, true, [[]], [null], { type: 'text' }, '__proto__'),
)

it('any body is read or refused in our own words', () => {
  const field = fc.constantFrom(
    'model',
    'messages',
    'max_tokens',
    'system',
    'tools',
    'tool_choice',
    'thinking',
    'output_config',
    'output_format',
    'cache_control',
    'metadata',
    'stop_sequences',
    'stream',
    'x',
  )
  fc.assert(
    fc.property(fc.dictionary(field, hostile), (body) => expectTyped(body as JsonObject)),
    { numRuns: 1_000 },
  )
})

it('a recorded body with one thing changed is read or refused in our own words', () => {
  fc.assert(
    fc.property(fc.nat(bodies.length - 1), fc.nat(), hostile, (which, where, value) => {
      expectTyped(withChange(bodies[which] ?? {}, where, value))
    }),
    { numRuns: 3_000 },
  )
})

function expectTyped(body: JsonObject): void {
  for (const decode of [decodeRequest, decodeCount]) {
    try {
      decode(wireOf(body))
    } catch (error) {
      if (!GatewayError.is(error)) throw error
      expect(error.data).toMatchObject({ class: 'invalid_request', status: 400 })
      expect(error.data.param).toMatch(/^\//)
      expect(error.data.message.length).toBeLessThan(2_000)
    }
  }
}

/** The body with its n-th node replaced. */
function withChange(body: JsonObject, where: number, value: Json): JsonObject {
  const paths: (readonly string[])[] = []
  const visit = (node: Json | undefined, path: readonly string[]): void => {
    if (path.length > 0) paths.push(path)
    if (typeof node !== 'object' || node === null) return
    for (const [key, inner] of Object.entries(node)) visit(inner as Json, [...path, key])
  }
  visit(body, [])
  const path = paths[where % paths.length] ?? []
  const copy = structuredClone(body) as { [key: string]: Json }
  let node: { [key: string]: Json } = copy
  for (const key of path.slice(0, -1)) node = node[key] as { [key: string]: Json }
  const last = path.at(-1)
  if (last !== undefined) node[last] = value
  return copy
}

function eventsOf(sse: string, sizes?: readonly number[]): readonly GatewayEvent[] {
  const decoder = streamDecoder(attempt())
  const events: GatewayEvent[] = []
  for (const frame of framesOf(sse, sizes)) decoder.push(frame, (event) => events.push(event))
  decoder.end((event) => events.push(event))
  return events
}

/**
 * What an answer says; a source told too late is lost to a stream, and a call that is no JSON is wrapped in a whole. Ids
 * are made in the order of the calls, which is the same.
 */
function gist({ content, ...rest }: JsonObject): unknown {
  const blocks = Array.isArray(content) ? (content as readonly JsonObject[]) : []
  return {
    ...rest,
    content: blocks.map(({ citations: _citations, ...block }) =>
      typeof block['input'] === 'string' ? { ...block, input: { __raw: block['input'] } } : block,
    ),
  }
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}
