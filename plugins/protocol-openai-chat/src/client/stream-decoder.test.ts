import type { GatewayEvent, GenerateResponse, JsonObject, Part } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { createRandom } from '@gantry/testing'
import { describe, expect, test } from 'vitest'
import { streamDecoder } from './stream-decoder.ts'
import { eventsIn, framesOf, isCohere, recorded } from '../recorded.fixture.ts'

type Chunk = JsonObject | string

const events = (...chunks: readonly Chunk[]): readonly GatewayEvent[] => {
  const found = eventsIn(
    chunks.map((chunk) => ({ data: typeof chunk === 'string' ? chunk : JSON.stringify(chunk) })),
  )
  const guard = orderGuard()
  for (const event of found) guard.push(event)
  guard.end()
  return found
}
const answer = (...chunks: readonly Chunk[]): GenerateResponse => {
  const folded = accumulate()
  for (const event of events(...chunks)) folded.push(event)
  return folded.response()
}
const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' }
const delta = (fields: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...head,
  choices: [{ index: 0, delta: fields, finish_reason: null, ...more }],
})
const finish = (reason: string, more: JsonObject = {}): JsonObject => ({
  ...head,
  choices: [{ index: 0, delta: {}, finish_reason: reason }],
  ...more,
})
const calls = (...list: readonly JsonObject[]): JsonObject => delta({ tool_calls: list })
const madeBy = (response: GenerateResponse): unknown =>
  response.parts.flatMap((part) =>
    part.type === 'tool_call' ? [[part.callId, part.name, part.arguments]] : [],
  )

describe('calls as hosts send them', () => {
  test.each<[string, readonly Chunk[], unknown]>([
    [
      'id empty on later deltas, name empty too',
      [
        calls({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
        calls({ index: 0, id: '', type: 'function', function: { name: '', arguments: '{"x":' } }),
        calls({ index: 0, id: '', function: { arguments: '1}' } }),
      ],
      [['a', 'f', '{"x":1}']],
    ],
    [
      'id and name on every delta',
      [
        calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
        calls({ index: 0, id: 'a', function: { name: 'f', arguments: '}' } }),
      ],
      [['a', 'f', '{}']],
    ],
    [
      'no index, whole calls in one delta',
      [
        calls(
          { id: 'a', function: { name: 'f', arguments: '{}' } },
          { id: 'b', function: { name: 'f', arguments: '[]' } },
        ),
      ],
      [
        ['a', 'f', '{}'],
        ['b', 'f', '[]'],
      ],
    ],
    [
      'index 0 used again for the next call',
      [
        calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
        calls({ index: 0, id: 'b', function: { name: 'g', arguments: '{' } }),
        calls({ index: 0, function: { arguments: '}' } }),
      ],
      [
        ['a', 'f', '{}'],
        ['b', 'g', '{}'],
      ],
    ],
    [
      'interleaved',
      [
        calls(
          { index: 0, id: 'a', function: { name: 'f', arguments: '' } },
          { index: 1, id: 'b', function: { name: 'g', arguments: '' } },
        ),
        calls({ index: 1, function: { arguments: '{"y":2}' } }),
        calls({ index: 0, function: { arguments: '{"x":1}' } }),
      ],
      [
        ['a', 'f', '{"x":1}'],
        ['b', 'g', '{"y":2}'],
      ],
    ],
    [
      'no id at all: one from the answer and the place',
      [
        calls({ index: 0, function: { name: 'f', arguments: '{}' } }),
        calls({ index: 1, function: { name: 'f', arguments: '{}' } }),
      ],
      [
        ['call_c1_0_0', 'f', '{}'],
        ['call_c1_0_1', 'f', '{}'],
      ],
    ],
    [
      'arguments before the name, and as an object',
      [
        calls({ index: 0, id: 'a', function: { arguments: '{' } }),
        calls({ index: 0, function: { name: 'f', arguments: '}' } }),
        calls({ index: 1, id: 'b', function: { name: 'g', arguments: { x: 1 } } }),
      ],
      [
        ['a', 'f', '{}'],
        ['b', 'g', '{"x":1}'],
      ],
    ],
    [
      'freeform',
      [
        calls({ index: 0, id: 'a', type: 'custom', custom: { name: 'p', input: '' } }),
        calls({ index: 0, custom: { input: '***' } }),
      ],
      [['a', 'p', '***']],
    ],
    [
      'the older function_call',
      [delta({ function_call: { name: 'f', arguments: '' } }), delta({ function_call: { arguments: '{}' } })],
      [['call_c1_0_0', 'f', '{}']],
    ],
  ])('%s', (_name, chunks, made) => {
    const response = answer(...chunks, finish('stop'), '[DONE]')
    expect(madeBy(response)).toEqual(made)
    expect(response.finish).toEqual({ reason: 'tool_calls', raw: 'stop' })
  })
})

test('a signature on a call is state of that call', () => {
  const { parts } = answer(
    calls({
      index: 0,
      id: 'a',
      function: { name: 'f', arguments: '{}' },
      extra_content: { google: { thought_signature: 'sig' } },
    }),
    finish('tool_calls'),
    '[DONE]',
  )
  expect(parts[0]).toMatchObject({
    custody: { protocol: 'openai-chat', format: 'thought_signature', blob: 'sig' },
  })
})

test('thinking, text, thinking again, refusal: parts in order', () => {
  const { parts } = answer(
    delta({ role: 'assistant', content: '', reasoning_content: 'a' }),
    delta({ content: null, reasoning_content: 'b' }),
    delta({ content: 'x' }),
    delta({ reasoning: 'c' }),
    delta({ content: 'y', refusal: null }),
    delta({ refusal: 'no' }),
    finish('stop'),
    '[DONE]',
  )
  expect(
    parts.map((part) =>
      part.type === 'reasoning'
        ? part.segments[0]?.text
        : part.type === 'text' || part.type === 'refusal'
          ? part.text
          : '',
    ),
  ).toEqual(['ab', 'x', 'c', 'y', 'no'])
})

test('reasoning_details in pieces are one array; an envelope of ours stands alone', () => {
  const { parts } = answer(
    delta({
      reasoning: 'a',
      reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'a', format: 'x' }],
    }),
    delta({ reasoning: 'b', reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'b' }] }),
    delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, signature: 's' }] }),
    delta({
      reasoning_details: [
        { type: 'reasoning.encrypted', format: 'gantry-v1', data: 'gantry1.AAAA', index: 0 },
      ],
    }),
    finish('stop'),
    '[DONE]',
  )
  const custody = { protocol: 'openai-chat', format: 'reasoning_details' }
  const merged = [{ type: 'reasoning.text', index: 0, text: 'ab', format: 'x', signature: 's' }]
  expect(parts).toEqual([
    {
      type: 'reasoning',
      segments: [{ kind: 'text', text: 'ab' }],
      custody: { ...custody, blob: JSON.stringify(merged) },
      extra: { 'openai-chat': { $field: 'reasoning' } },
    },
    { type: 'reasoning', segments: [], custody: { ...custody, blob: 'gantry1.AAAA' } },
  ])
})

test('details that repeat the text of a field, and details alone', () => {
  const text = (parts: readonly Part[]): string =>
    parts.flatMap((part) => (part.type === 'reasoning' ? part.segments.map((one) => one.text) : [])).join('|')
  const entry = { type: 'reasoning.text', index: 0, text: 'abc' }
  const end = [delta({ content: 'x' }), finish('stop'), '[DONE]']
  const twice = answer(delta({ reasoning: 'abc' }), delta({ reasoning_details: [entry] }), ...end)
  expect(text(twice.parts)).toBe('abc')
  const alone = answer(delta({ reasoning_details: [entry] }), ...end)
  expect(text(alone.parts)).toBe('abc')
  const then = answer(delta({ reasoning_details: [entry] }), delta({ reasoning: 'def' }), ...end)
  expect(text(then.parts)).toBe('abc|def')
})

test('an envelope behind thinking is the state of that thinking', () => {
  const details = { type: 'reasoning.encrypted', format: 'gantry-v1', data: 'gantry1.AAAA', index: 0 }
  const { parts } = answer(
    delta({ reasoning_content: 'a' }),
    delta({ reasoning_details: [details] }),
    delta({ reasoning_details: [{ ...details, data: 'gantry1.BBBB', index: 1 }] }),
    delta({ content: 'x' }),
    finish('stop'),
    '[DONE]',
  )
  expect(parts).toMatchObject([
    { segments: [{ text: 'a' }], custody: { blob: 'gantry1.AAAA' } },
    { segments: [], custody: { blob: 'gantry1.BBBB' } },
    { text: 'x' },
  ])
})

test('usage on the last chunk, on every chunk, and beside nothing', () => {
  const usage = (total: number): JsonObject => ({
    usage: { prompt_tokens: 1, completion_tokens: total - 1, total_tokens: total },
  })
  const found = events(
    { ...delta({ content: 'a' }), ...usage(2) },
    { ...delta({ content: 'b' }), ...usage(2) },
    { ...delta({ content: 'c' }), ...usage(3) },
    finish('stop', usage(3)),
    '[DONE]',
  ).flatMap((event) => (event.type === 'usage' ? [[event.usage.tokens.output, event.usage.final]] : []))
  expect(found).toEqual([
    [1, false],
    [2, false],
    [2, true],
  ])
  const groq = answer(
    delta({ content: 'a' }),
    finish('stop', { x_groq: { usage: { prompt_tokens: 3, completion_tokens: 1 } } }),
    '[DONE]',
  )
  expect(groq.usage).toMatchObject({ tokens: { input: 3, output: 1 }, final: true })
})

describe('how streams end', () => {
  const classOf = (...chunks: readonly Chunk[]): unknown => answer(...chunks).error?.class
  test.each<[string, unknown, readonly Chunk[]]>([
    ['reason and [DONE]', undefined, [delta({ content: 'a' }), finish('stop'), '[DONE]']],
    ['reason, no [DONE]', undefined, [delta({ content: 'a' }), finish('stop')]],
    ['[DONE], no reason', undefined, [delta({ content: 'a' }), '[DONE]']],
    ['closed in the middle', 'upstream_truncated', [delta({ content: 'a' })]],
    [
      'closed in the middle of a call',
      'upstream_truncated',
      [calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } })],
    ],
    [
      'one of two choices finished',
      'upstream_truncated',
      [delta({ content: 'a' }), delta({ content: 'b' }, { index: 1 }), finish('stop')],
    ],
    ['nothing at all', 'upstream_truncated', []],
    ['only [DONE]', 'upstream_truncated', ['[DONE]']],
    ['a broken frame', 'upstream_failed', [delta({ content: 'a' }), '{"choices":[{"del']],
    [
      'an error object',
      'rate_limited',
      [delta({ content: 'a' }), { error: { message: 'slow down', code: 429 } }, '[DONE]'],
    ],
    ['an error at once', 'overloaded', [{ error: { message: 'Overloaded', type: 'overloaded_error' } }]],
    ['an error as a string', 'upstream_failed', [{ error: 'boom' }]],
    [
      'an error inside the choice',
      'upstream_failed',
      [delta({}, { error: { code: 502, message: 'x' }, finish_reason: 'error' })],
    ],
  ])('%s', (_name, kind, chunks) => {
    expect(classOf(...chunks)).toBe(kind)
  })

  test('a repeated reason and frames after [DONE] change nothing', () => {
    const once = events(delta({ content: 'a' }), finish('stop'), '[DONE]')
    expect(
      events(
        delta({ content: 'a' }),
        finish('stop'),
        finish('stop'),
        '[DONE]',
        delta({ content: 'x' }),
        '[DONE]',
      ),
    ).toEqual(once)
  })

  test('output after the reason is not lost in silence', () => {
    const late = delta({ content: 'late' })
    expect(events(delta({ content: 'a' }), finish('stop'), late, '[DONE]')).toContainEqual({
      type: 'raw',
      protocol: 'openai-chat',
      data: JSON.stringify(late),
    })
  })
})

test.each([
  ['a number for an id', { id: 7 }, { id: '7' }],
  ['no head at all', { id: undefined, created: undefined, model: undefined }, {}],
])('%s', (_name, fields, expected) => {
  const response = answer(
    { ...delta({ content: 'a' }), ...fields },
    { ...finish('stop'), ...fields },
    '[DONE]',
  )
  expect(response).toMatchObject({ parts: [{ text: 'a' }], ...expected })
})

test('sound passes in pieces and stands whole at the end', () => {
  const { parts } = answer(
    delta({ audio: { id: 'audio_1', transcript: 'he' } }),
    delta({ audio: { data: 'AA' } }),
    delta({ audio: { data: 'BB', transcript: 'y' } }),
    delta({ audio: { expires_at: 5 } }),
    finish('stop'),
    '[DONE]',
  )
  expect(parts).toEqual([
    {
      type: 'audio',
      id: 'audio_1',
      transcript: 'hey',
      source: { kind: 'base64', data: 'AABB' },
      extra: { 'openai-chat': { expires_at: 5 } },
    },
  ])
})

describe('however the bytes are cut', () => {
  const streams = recorded().filter((exchange) => exchange.response.sse !== undefined && !isCohere(exchange))
  test.each(
    streams.map((exchange, index): [string, string] => [
      `${exchange.file} ${index}`,
      exchange.response.sse ?? '',
    ]),
  )('%s', (_name, sse) => {
    const bytes = new TextEncoder().encode(sse)
    const frames = JSON.stringify(framesOf(bytes))
    const whole = JSON.stringify(eventsIn(framesOf(bytes)))
    // A decoder sees frames only: where these are the same, so are its events.
    const cuts = bytes.length < 8192 ? Array.from(bytes.keys()) : []
    const torn = cuts.filter(
      (cut) => JSON.stringify(framesOf(bytes.subarray(0, cut), bytes.subarray(cut))) !== frames,
    )
    expect(torn).toEqual([])
    const random = createRandom(7)
    for (let round = 0; round < 20; round++) {
      const slices: Uint8Array[] = []
      for (let from = 0; from < bytes.length;) {
        const to = from + random.integer(1, 400)
        slices.push(bytes.subarray(from, to))
        from = to
      }
      expect(JSON.stringify(eventsIn(framesOf(...slices)))).toBe(whole)
    }
  })
})

test('ten times the stream takes about ten times the time', () => {
  const pieces = [
    delta({ content: 'word ' }),
    delta({ reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'a' }] }),
    calls({ index: 0, id: 'a', function: { name: 'f', arguments: 'x' } }),
    delta({ annotations: [{ type: 'url_citation' }] }),
  ].map((value) => ({ data: JSON.stringify(value) }))
  const best = (count: number): number =>
    Math.min(
      ...[1, 2, 3, 4, 5].map(() => {
        const decoder = streamDecoder()
        const began = process.cpuUsage()
        for (let index = 0; index < count; index++) decoder.push(pieces[index % 4] ?? { data: '' }, () => {})
        decoder.end(() => {})
        const { user } = process.cpuUsage(began)
        return user / 1000
      }),
    )
  const once = best(3000)
  expect(best(30_000)).toBeLessThan(Math.max(once, 2) * 30)
})
