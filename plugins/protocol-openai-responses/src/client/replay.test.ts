import type { Finish, GenerateResponse, JsonObject, Part } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@gantry/testing'
import { deltasOf, readResponse, readStream, type Reading } from '../raw-reading.test-support.ts'
import { attempt, decodeFrames, framesOf, recorded, type Recorded } from '../recorded.test-support.ts'
import { compactCodec } from './compact.ts'
import { countTokensCodec } from './count-tokens.ts'
import { decodeResponse } from './decode-response.ts'
import { encodeRequest } from './encode-request.ts'

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

describe('whole and streamed', () => {
  it('say the same, where the last frame says everything', () => {
    let compared = 0
    for (const { name, response } of streams) {
      const frames = framesOf(response.sse ?? '')
      const last = JSON.parse(
        frames.findLast(({ data }) => data.includes('"response.completed"'))?.data ?? '{}',
      ) as {
        response?: JsonObject
      }
      const output = last.response?.['output']
      // One recording holds two streams, and one fails; some hosts leave the output out.
      if (!last.response || !Array.isArray(output) || output.length === 0 || /encrypted-content/.test(name))
        continue
      const { response: streamed } = decodeFrames(frames)
      const whole = decodeResponse(last.response, attempt())
      // State is made anew for the last frame: the finished item's counts.
      expect([name, streamed.parts.map(withoutState)]).toEqual([name, whole.parts.map(withoutState)])
      expect([streamed.finish, streamed.usage, streamed.id]).toEqual([whole.finish, whole.usage, whole.id])
      compared++
    }
    expect(compared).toBe(32)
  })

  it('bring every delta that was sent', () => {
    for (const { name, response } of streams) {
      const frames = framesOf(response.sse ?? '')
      const { events } = decodeFrames(frames)
      const said = events.flatMap((event) =>
        event.type === 'part-delta' && event.delta.type === 'text' ? [event.delta.text] : [],
      )
      // Where a recording was shortened, what its deltas leave out comes between them.
      let next = 0
      const sent = deltasOf(firstStream(frames), 'response.output_text.delta')
      for (const text of said) if (text === sent[next]) next++
      expect([name, next]).toEqual([name, sent.length])
    }
  })
})

describe('answers that go back', () => {
  it('are the items that came', () => {
    let items = 0
    for (const one of answers) {
      const { parts } = decodeResponse(bodyOf(one), attempt())
      if (parts.length === 0) continue
      const { body, losses } = encodeRequestOf(parts)
      const sent = (body['input'] as readonly JsonObject[]).slice(0, -1)
      const came = bodyOf(one)['output'] as readonly JsonObject[]
      expect([one.name, sent.map(comparable)]).toEqual([one.name, came.map(comparable)])
      expect(losses).toEqual([])
      items += came.length
    }
    expect(items).toBeGreaterThan(150)
  })
})

describe('slices', () => {
  it('of any size give the same events', () => {
    const random = createRandom(20_261_120)
    for (const { response } of streams) {
      const sse = response.sse ?? ''
      const expected = JSON.stringify(decodeFrames(framesOf(sse)).events)
      for (let round = 0; round < 4; round++) {
        const sizes = Array.from({ length: 300 }, () => random.integer(1, round < 2 ? 40 : 700))
        expect(JSON.stringify(decodeFrames(framesOf(sse, sizes)).events)).toBe(expected)
      }
      expect(JSON.stringify(decodeFrames(framesOf(sse, [1])).events)).toBe(expected)
    }
  })
})

describe('other operations', () => {
  it('read compacted conversations as turns, with what they cost', () => {
    for (const one of of('compaction')) {
      const compacted = compactCodec.decodeResponse(bodyOf(one), attempt())
      const output = bodyOf(one)['output'] as readonly JsonObject[]
      expect(compacted.turns.map(({ id, parts }) => id ?? parts[0]?.id)).toEqual(output.map(({ id }) => id))
      expect(compacted.id).toBe(bodyOf(one)['id'])
      expect(compacted.turns.map(({ role }) => role)).toEqual(
        output.map((item) => (item['type'] === 'message' ? item['role'] : 'assistant')),
      )
      expect(compacted.turns.at(-1)?.parts).toMatchObject([
        { type: 'compaction', custody: { format: 'encrypted', blob: output.at(-1)?.['encrypted_content'] } },
      ])
      const usage = readResponse(bodyOf(one)).buckets
      expect(
        Object.fromEntries(Object.entries(compacted.usage?.tokens ?? {}).filter(([, count]) => count !== 0)),
      ).toEqual(usage)
    }
  })

  it('read counts', () => {
    const counts = of('count').map((one) => countTokensCodec.decodeResponse(bodyOf(one), attempt()).tokens)
    expect(counts).toEqual(of('count').map((one) => bodyOf(one)['input_tokens']))
    expect(counts).toHaveLength(3)
  })
})

function encodeRequestOf(parts: readonly Part[]): { body: JsonObject; losses: readonly object[] } {
  const context = attempt()
  const { body } = encodeRequest(
    {
      model: 'asked',
      stream: false,
      turns: [
        { role: 'assistant', parts },
        { role: 'user', parts: [{ type: 'text', text: 'And?' }] },
      ],
      extra: { 'openai-responses': { $responses: true } },
    },
    context,
  )
  return { body, losses: context.losses }
}

/** Messages go back without what only answers have; lists that are empty are absent, one plain text is a string. */
function comparable(item: JsonObject): JsonObject {
  if (item['type'] === 'message' || item['role'] === 'assistant') {
    const { content, role, phase } = item
    const list = typeof content === 'string' ? [{ text: content }] : (content as readonly JsonObject[])
    const texts = list.map(({ text, refusal, annotations, logprobs }) => ({
      ...(text !== undefined && { text }),
      ...(refusal !== undefined && { refusal }),
      ...(Array.isArray(annotations) && annotations.length > 0 && { annotations }),
      ...(Array.isArray(logprobs) && logprobs.length > 0 && { logprobs }),
    }))
    return { role, content: texts, ...(phase !== undefined && { phase }) }
  }
  const { content, ...rest } = item
  return content === undefined || content === null || (Array.isArray(content) && content.length === 0)
    ? rest
    : item
}

function withoutState(part: Part): Part {
  const { custody: _custody, ...rest } = part
  return rest
}

function firstStream(frames: ReturnType<typeof framesOf>): ReturnType<typeof framesOf> {
  const last = frames.findIndex(({ data }) =>
    /"type":\s*"response\.(completed|failed|incomplete)"/.test(data),
  )
  return last < 0 ? frames : frames.slice(0, last + 1)
}

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
