import { describe, expect, it } from 'vitest'
import type { Frame, Json } from '@gantry/core'
import { loadFixtures, responseBytes } from '../fixtures.ts'
import { readFrames, sseFrames } from '../protocol/streams.ts'
import { anthropicRules } from './anthropic.ts'
import { chatRules } from './chat.ts'
import { listOf, objectOf, textOf, type WireRules } from './rules.ts'

const recorded = new URL('../../../../test/fixtures/', import.meta.url)
const frames = (...values: readonly (Json | string)[]): readonly Frame[] =>
  values.map((value) => ({ data: typeof value === 'string' ? value : JSON.stringify(value) }))

function exchanges(
  rules: WireRules,
  folder: string,
): { bodies: Json[]; requests: Json[]; streams: (readonly Frame[])[] } {
  const found = { bodies: [] as Json[], requests: [] as Json[], streams: [] as (readonly Frame[])[] }
  for (const { exchanges: all } of loadFixtures(new URL(folder, recorded))) {
    for (const exchange of all) {
      if (exchange.protocol !== rules.captures || rules.operation(exchange) !== 'generate') continue
      const { request, response } = exchange
      if (request?.body !== undefined) found.requests.push(request.body)
      if (response.json !== undefined && response.status < 400) found.bodies.push(response.json)
      if (response.sse !== undefined) found.streams.push(readFrames(sseFrames, responseBytes(response)))
    }
  }
  return found
}

describe.each([
  ['chat', chatRules, 'chat'],
  ['anthropic', anthropicRules, 'anthropic'],
])('rules of %s over recorded traffic', (_name, rules, folder) => {
  const { bodies, requests, streams } = exchanges(rules, folder)

  it('are idempotent', () => {
    for (const body of bodies) expect(rules.response(rules.response(body))).toEqual(rules.response(body))
    for (const body of requests) expect(rules.request(rules.request(body))).toEqual(rules.request(body))
  })

  it('find usage in every recorded answer', () => {
    expect(bodies.length).toBeGreaterThan(50)
    for (const body of bodies) expect(rules.usage(body)).not.toEqual({})
  })

  it('fold every stream to an answer that ended', () => {
    expect(streams.length).toBeGreaterThan(20)
    for (const stream of streams) {
      const folded = objectOf(rules.fold(stream))
      const ends = [
        folded['stop_reason'],
        ...listOf(folded['choices']).map((choice) => choice['finish_reason']),
      ]
      // Recordings of SDK tests that are cut on purpose have no reason; they still have an id.
      expect(ends.some((end) => typeof end === 'string') || typeof folded['id'] === 'string').toBe(true)
      expect(rules.kinds(stream).length).toBeGreaterThan(1)
    }
  })

  it('tell a changed text from the recorded one', () => {
    for (const body of bodies) {
      const changed = JSON.parse(
        JSON.stringify(body).replace(/"(text|content|arguments|name)":"(?=[^"])/, '$&~'),
      ) as Json
      if (JSON.stringify(changed) === JSON.stringify(body)) continue
      expect(rules.response(changed)).not.toEqual(rules.response(body))
    }
  })
})

describe('chatRules', () => {
  const answer = (message: Json): Json => chatRules.response({ choices: [{ index: 0, message }] })

  it('take null, absent and empty for one thing, where the wire does', () => {
    const plain = answer({ role: 'assistant' })
    for (const key of ['content', 'refusal', 'annotations', 'tool_calls']) {
      expect(answer({ role: 'assistant', [key]: null })).toEqual(plain)
    }
    expect(answer({ role: 'assistant', content: '', tool_calls: [] })).toEqual(plain)
    expect(answer({ role: 'assistant', audio: null })).not.toEqual(plain)
  })

  it('take a string for one plain text part, and no more than that', () => {
    const ask = (content: Json): Json => chatRules.request({ messages: [{ role: 'user', content }] })
    expect(ask([{ type: 'text', text: 'hi' }])).toEqual(ask('hi'))
    expect(ask([{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }])).not.toEqual(ask('hi'))
    expect(
      ask([
        { type: 'text', text: 'hi' },
        { type: 'text', text: '' },
      ]),
    ).not.toEqual(ask('hi'))
  })

  it('believe the total when reasoning is counted on top', () => {
    const usage = (total: number): Json => ({
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: total,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
    })
    expect(chatRules.usage(usage(15))).toEqual({
      input: 5,
      input_audio: 1,
      cache_read: 4,
      output: 2,
      reasoning: 3,
    })
    expect(chatRules.usage(usage(18))).toEqual({
      input: 5,
      input_audio: 1,
      cache_read: 4,
      output: 5,
      reasoning: 3,
    })
    expect(chatRules.usage({})).toBeUndefined()
  })

  it('fold parallel calls and several choices, up to the last frame', () => {
    const delta = (index: number, value: Json, finish: string | null = null): Json => ({
      id: 'c',
      choices: [{ index, delta: value, finish_reason: finish }],
    })
    const call = (index: number, more: object): Json => ({ tool_calls: [{ index, ...more }] })
    const folded = chatRules.fold(
      frames(
        delta(1, { role: 'assistant', content: 'b' }),
        delta(0, call(0, { id: 'x', type: 'function', function: { name: 'f', arguments: '{' } })),
        delta(0, call(1, { id: 'y', type: 'function', function: { name: 'g', arguments: '' } })),
        delta(0, call(0, { function: { arguments: '}' } })),
        delta(1, { content: 'c' }, 'stop'),
        delta(0, {}, 'tool_calls'),
        '[DONE]',
        delta(0, { content: 'after the end' }),
      ),
    )
    expect(objectOf(folded)['choices']).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          tool_calls: [
            { id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } },
            { id: 'y', type: 'function', function: { name: 'g', arguments: '' } },
          ],
        },
        finish_reason: 'tool_calls',
      },
      { index: 1, message: { role: 'assistant', content: 'bc' }, finish_reason: 'stop' },
    ])
  })
})

describe('anthropicRules', () => {
  it('take an unsigned signature and empty citations for nothing', () => {
    const answer = (block: object): Json => anthropicRules.response({ content: [block as { type: string }] })
    const thinking = { type: 'thinking', thinking: 'x' }
    expect(answer({ ...thinking, signature: '' })).toEqual(answer(thinking))
    expect(answer({ ...thinking, signature: 's' })).not.toEqual(answer(thinking))
    expect(answer({ type: 'text', text: 'x', citations: null })).toEqual(answer({ type: 'text', text: 'x' }))
  })

  it('count the first of several streams in one recording, and overlay its usage', () => {
    const start = (id: string): Json => ({
      type: 'message_start',
      message: { id, usage: { input_tokens: 5, output_tokens: 1 } },
    })
    const end = [
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    ]
    const all = frames(start('lost'), start('first'), ...end, start('second'), ...end)
    expect(anthropicRules.fold(all)).toEqual({
      id: 'first',
      usage: { input_tokens: 5, output_tokens: 9 },
      stop_reason: 'end_turn',
      content: [],
    })
    expect(anthropicRules.usage(anthropicRules.fold(all))).toEqual({ input: 5, output: 9 })
    expect(anthropicRules.first(all)).toHaveLength(4)
    expect(anthropicRules.kinds(all)).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  it('keep a call that was cut as text', () => {
    const folded = anthropicRules.fold(
      frames(
        { type: 'message_start', message: { id: 'm' } },
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
        },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":' } },
      ),
    )
    expect(textOf(listOf(objectOf(folded)['content'])[0]?.['input'])).toBe('{"a":')
  })
})
