import type { Finish, GenerateResponse, JsonObject, Part } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { readResponse, readStream, type Reading } from '../raw-reading.test-support.ts'
import { attempt, decodeFrames, framesOf, recorded, type Recorded } from '../recorded.test-support.ts'
import { decodeResponse } from './decode-response.ts'

const all = recorded()
const of = (kind: Recorded['kind']): readonly Recorded[] => all.filter((one) => one.kind === kind)
const named = (list: readonly Recorded[]): [string, Recorded][] => list.map((one) => [one.name, one])
const bodyOf = ({ response }: Recorded): JsonObject => response.json as JsonObject
/** Two exchanges are queued: there is nothing to read yet. */
const answers = of('answer').filter((one) => bodyOf(one)['status'] !== 'queued')
const streams = of('stream')

describe('recorded traffic', () => {
  it('is what this test thinks it is', () => {
    const kinds = Object.groupBy(all, ({ kind }) => kind)
    const counts = Object.fromEntries(Object.entries(kinds).map(([kind, list]) => [kind, list.length]))
    expect(new Set(all.map(({ name }) => name.split('#')[0])).size).toBe(133)
    expect(counts).toEqual({
      answer: 135,
      stream: 34,
      compaction: 5,
      count: 3,
      error: 4,
      resumed: 1,
      'other wire': 3,
    })
    expect(answers).toHaveLength(132)
  })

  it.each(named(answers))('reads %s', (_name, one) => {
    const response = decodeResponse(bodyOf(one), attempt())
    expectSame(response, readResponse(bodyOf(one)))
    expect(response.usage?.final ?? true).toBe(true)
  })

  it.each(named(streams))('reads the stream %s', (_name, { response: { sse = '' } }) => {
    const frames = framesOf(sse)
    const { events, response } = decodeFrames(frames)
    expectSame(response, readStream(frames))
    expect(events.at(-1)?.type).toBe('end')
  })
})

function expectSame(response: GenerateResponse, reading: Reading): void {
  expect(response.id).toBe(reading.id)
  expect(join(response.parts, (part) => (part.type === 'text' ? part.text : ''))).toBe(reading.text)
  expect(join(response.parts, (part) => (part.type === 'refusal' ? part.text : ''))).toBe(reading.refusal)
  expect(
    join(response.parts, (part) =>
      part.type === 'reasoning' ? part.segments.map(({ text }) => text).join('') : '',
    ),
  ).toBe(reading.thinking)
  expect(response.parts.flatMap((part) => (part.custody ? [part.custody.blob] : []))).toEqual(reading.sealed)
  expect(
    response.parts.flatMap((part) =>
      part.type === 'tool_call' && part.kind !== 'hosted'
        ? [[part.callId, part.namespace ?? '', part.name, part.arguments]]
        : [],
    ),
  ).toEqual(reading.calls)
  expect(response.parts.flatMap(hostedType)).toEqual(reading.hosted)
  expect(
    response.parts.flatMap((part) =>
      part.type === 'text' ? (part.citations ?? []).map(({ native }) => native.value) : [],
    ),
  ).toEqual(reading.sources)
  const counted = Object.entries(response.usage?.tokens ?? {}).filter(([, value]) => value !== 0)
  expect(Object.fromEntries(counted)).toEqual(reading.buckets)
  expect(response.usage?.suspect).toBeUndefined()
  expect(response.finish?.reason).toBe(reasonOf(reading))
}

/** What is left to call decides, in the recorded answers: no program has ended beside an open call. */
function reasonOf({ status, why, calls, hosted }: Reading): Finish['reason'] | undefined {
  if (status === 'failed') return undefined
  if (status === 'incomplete') return why === 'max_output_tokens' ? 'length' : 'content_filter'
  const open = hosted.some((type) => type === 'apply_patch_call' || type === 'local_shell_call')
  const shell = hosted.includes('shell_call') && !hosted.includes('shell_call_output')
  return calls.length > 0 || open || shell ? 'tool_calls' : 'stop'
}

function hostedType(part: Part): readonly unknown[] {
  if (part.type === 'compaction') return ['compaction']
  if (!('native' in part) || !part.native) return []
  return [part.native.value['type']]
}

function join(parts: readonly Part[], text: (part: Part) => string): string {
  return parts.map(text).join('')
}
