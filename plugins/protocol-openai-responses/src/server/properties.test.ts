import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GatewayError, type GatewayEvent, type Json, type JsonObject } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { recorded, wireOf } from '../recorded.test-support.ts'
import { wholeOf, written } from './answers.test-support.ts'
import { decodeCompact, decodeCount, decodeRequest } from './decode-request.ts'
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
      expect(found.flatMap(eventViolations)).toEqual([])
      readStrictly(found)
    }),
    { numRuns: 1_000 },
  )
})

it('any answer says as a whole what its stream says', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const folded = accumulate()
      for (const event of events) folded.push(event)
      const streamed = written(events).at(-1)?.['response'] as JsonObject
      const whole = wholeOf(folded.response())
      expect(violations('Response', whole)).toEqual([])
      expect(gist(whole, events)).toEqual(gist(streamed, events))
    }),
    { numRuns: 1_000 },
  )
})

const bodies = recorded().flatMap(({ kind, request }) =>
  kind !== 'other wire' && isObject(request?.body) && JSON.stringify(request.body).length < 20_000
    ? [request.body]
    : [],
)
const hostile: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
  fc.constantFrom<Json>(null, '', [], {}, 0, -1, 1e300, true, [[]], [null], { type: 'message' }, '__proto__'),
)

it('any body is read or refused in our own words', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(
          'model',
          'input',
          'tools',
          'tool_choice',
          'text',
          'reasoning',
          'include',
          'stream',
          'x',
        ),
        hostile,
      ),
      (body) => expectTyped(body as JsonObject),
    ),
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
  for (const decode of [decodeRequest, decodeCompact, decodeCount]) {
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

/** What an answer says; a source told too late is lost to a stream, and so are items of an answer that broke. */
function gist(response: JsonObject, events: readonly GatewayEvent[]): unknown {
  const { completed_at: _done, output, ...rest } = response
  const failed = events.some(({ type }) => type === 'error')
  return {
    ...rest,
    output: JSON.parse(
      JSON.stringify(output, (key, value: unknown) =>
        key === 'annotations' || (failed && key === 'status') ? undefined : value,
      ),
    ) as Json,
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
