import type { GatewayEvent, GenerateResponse, Json } from '@gantry/core'
import { accumulate, orderGuard } from '@gantry/core/codec'
import { describe, expect, it } from 'vitest'
import { attempt } from '../captures.test-support.ts'
import { streamDecoder } from './stream-decoder.ts'

interface Decoded {
  readonly events: readonly GatewayEvent[]
  readonly types: readonly string[]
  readonly response: GenerateResponse
}

function decode(frames: readonly (object | string)[], end = true): Decoded {
  const events: GatewayEvent[] = []
  const guard = orderGuard()
  const folded = accumulate()
  const decoder = streamDecoder(attempt())
  const emit = (event: GatewayEvent): void => {
    guard.push(event)
    folded.push(event)
    events.push(event)
  }
  for (const frame of frames)
    decoder.push({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) }, emit)
  if (end) decoder.end(emit)
  return { events, types: events.map(({ type }) => type), response: folded.response() }
}

const start = (usage: object = { input_tokens: 3, output_tokens: 1 }, more: object = {}): object => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content: [],
    usage,
    ...more,
  },
})
const block = (index: number, content_block: object): object => ({
  type: 'content_block_start',
  index,
  content_block,
})
const delta = (index: number, delta: object): object => ({ type: 'content_block_delta', index, delta })
const stop = (index: number): object => ({ type: 'content_block_stop', index })
const over = (stop_reason: Json, usage: object = { output_tokens: 9 }): object => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null },
  usage,
})
const last = { type: 'message_stop' }
const text = { type: 'text', text: '' }
const says = (value: string): object => ({ type: 'text_delta', text: value })

describe('parts', () => {
  it('counts from zero where the wire has gaps, and ends what the upstream forgot', () => {
    const { types, response } = decode([
      start(),
      block(3, text),
      delta(3, says('a')),
      block(7, text),
      delta(7, says('b')),
      over('end_turn'),
      last,
    ])
    expect(types).toEqual([
      'start',
      'part-start',
      'part-delta',
      'part-start',
      'part-delta',
      'part-end',
      'part-end',
      'usage',
      'finish',
      'end',
    ])
    expect(response.parts).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
  })

  it('takes text and citations from the start of a block, and opens one that never started', () => {
    const citation = {
      type: 'web_search_result_location',
      url: 'https://x',
      title: 'X',
      cited_text: 'q',
      encrypted_index: 'e',
    }
    const { response } = decode([
      start(),
      block(0, { type: 'text', text: 'a', citations: [citation] }),
      delta(0, says('b')),
      stop(0),
      delta(1, says('c')),
      over('end_turn'),
      last,
    ])
    expect(response.parts).toEqual([
      {
        type: 'text',
        text: 'ab',
        citations: [
          {
            kind: 'url',
            url: 'https://x',
            title: 'X',
            quote: 'q',
            native: { protocol: 'anthropic-messages', value: citation },
          },
        ],
      },
      { type: 'text', text: 'c' },
    ])
  })

  it('takes input whole, in deltas, or not at all', () => {
    const use = (input: object): object => ({ type: 'tool_use', id: 't', name: 'n', input })
    const run = (input: object, ...pieces: string[]): unknown =>
      decode([
        start(),
        block(0, use(input)),
        ...pieces.map((partial_json) => delta(0, { type: 'input_json_delta', partial_json })),
        stop(0),
        over('tool_use'),
        last,
      ]).response.parts[0]
    expect(run({ a: 1 })).toMatchObject({ arguments: '{"a":1}' })
    expect(run({})).toMatchObject({ arguments: '{}' })
    expect(run({}, '')).toMatchObject({ arguments: '{}' })
    expect(run({ old: 1 }, '{"a"', ': 1.0}')).toMatchObject({ arguments: '{"a": 1.0}' })
  })

  it('keeps big numbers of input that came whole', () => {
    const frame =
      '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{"id":12345678901234567890}}}'
    expect(decode([start(), frame, stop(0), over('tool_use'), last]).response.parts[0]).toMatchObject({
      arguments: '{"id":12345678901234567890}',
    })
  })

  it('keeps state of thinking byte for byte, also without text', () => {
    const custody = { protocol: 'anthropic-messages', format: 'signature', blob: 'Eq==\n' }
    const { events, response } = decode([
      start(),
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'Hm', estimated_tokens: 2 }),
      delta(0, { type: 'signature_delta', signature: 'Eq==\n' }),
      stop(0),
      block(1, { type: 'thinking', thinking: '' }),
      delta(1, { type: 'signature_delta', signature: 'x' }),
      stop(1),
      block(2, { type: 'redacted_thinking', data: 'zz' }),
      stop(2),
      over('end_turn'),
      last,
    ])
    expect(response.parts).toMatchObject([
      { type: 'reasoning', segments: [{ kind: 'text', text: 'Hm' }], custody },
      { type: 'reasoning', segments: [], custody: { blob: 'x' } },
      { type: 'reasoning', segments: [], custody: { format: 'redacted', blob: 'zz' } },
    ])
    expect(events.find(({ type }) => type === 'part-end')).toMatchObject({
      part: { custody, segments: [{ text: 'Hm' }] },
    })
  })

  it('streams compaction', () => {
    const { response } = decode([
      start(),
      block(0, { type: 'compaction', content: null }),
      delta(0, { type: 'compaction_delta', content: 'So far', encrypted_content: 'enc' }),
      stop(0),
      over('compaction'),
      last,
    ])
    expect(response).toMatchObject({
      parts: [{ type: 'compaction', text: 'So far', custody: { format: 'encrypted', blob: 'enc' } }],
      finish: { reason: 'compaction' },
    })
  })

  it('keeps blocks and deltas it does not know', () => {
    const { events, response } = decode([
      start(),
      block(0, { type: 'hologram', text: 'shown' }),
      delta(0, { type: 'light_delta', x: 1 }),
      stop(0),
      { type: 'weather' },
      over('end_turn'),
      last,
    ])
    expect(response.parts).toEqual([
      {
        type: 'native',
        native: { protocol: 'anthropic-messages', value: { type: 'hologram', text: 'shown' } },
        text: 'shown',
      },
    ])
    expect(events[2]).toMatchObject({ delta: { type: 'native', native: { value: { x: 1 } } } })
    expect(events).toContainEqual({ type: 'raw', protocol: 'anthropic-messages', data: '{"type":"weather"}' })
  })

  it('takes content and a reason that come with the start', () => {
    const content = [{ type: 'tool_use', id: 't', name: 'n', input: { a: 1 } }]
    const { response } = decode([
      start({ input_tokens: 1, output_tokens: 2 }, { content, stop_reason: 'tool_use' }),
      last,
    ])
    expect(response).toMatchObject({
      parts: [{ type: 'tool_call', arguments: '{"a":1}' }],
      finish: { reason: 'tool_calls', raw: 'tool_use' },
      usage: { final: true, tokens: { input: 1, output: 2 } },
    })
  })
})

describe('ends', () => {
  it('maps every reason, and survives new ones', () => {
    const reasonOf = (reason: Json): unknown => decode([start(), over(reason), last]).response.finish?.reason
    expect(
      [
        'end_turn',
        'stop_sequence',
        'max_tokens',
        'model_context_window_exceeded',
        'tool_use',
        'refusal',
        'pause_turn',
        'compaction',
        'bored',
      ].map(reasonOf),
    ).toEqual(['stop', 'stop', 'length', 'length', 'tool_calls', 'refusal', 'pause', 'compaction', 'other'])
    expect(reasonOf(null)).toBe('stop')
    expect(
      decode([start(), block(0, { type: 'tool_use', id: 'a', name: 'b', input: {} }), stop(0), last]).response
        .finish?.reason,
    ).toBe('tool_calls')
  })

  it('keeps stop details and the rest of the last frame', () => {
    const details = { type: 'refusal', category: 'bio', explanation: null }
    const frame = {
      ...over('refusal'),
      delta: { stop_reason: 'refusal', stop_details: details, container: { id: 'c' } },
      context_management: { applied_edits: [] },
    }
    expect(decode([start(), frame, last]).response).toMatchObject({
      finish: { reason: 'refusal', extra: { 'anthropic-messages': { stop_details: details } } },
      extra: { 'anthropic-messages': { container: { id: 'c' }, context_management: { applied_edits: [] } } },
    })
  })

  it('overlays usage key by key and never adds', () => {
    const { events } = decode([
      start({
        input_tokens: 100,
        cache_read_input_tokens: 50,
        cache_creation_input_tokens: 8,
        cache_creation: { ephemeral_1h_input_tokens: 3 },
        output_tokens: 1,
      }),
      over('end_turn', {
        input_tokens: null,
        cache_read_input_tokens: 60,
        output_tokens: 9,
        output_tokens_details: { thinking_tokens: 4 },
      }),
      last,
    ])
    expect(events[0]).toMatchObject({
      usage: { final: false, tokens: { input: 100, cache_read: 50, output: 1 } },
    })
    expect(events[1]).toMatchObject({
      usage: {
        final: true,
        tokens: { input: 100, cache_read: 60, cache_write: 5, cache_write_1h: 3, output: 5, reasoning: 4 },
      },
    })
  })

  it('is an error when the upstream says so, and nothing follows', () => {
    const { events, types } = decode([
      start(),
      block(0, text),
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      stop(0),
      last,
    ])
    expect(types).toEqual(['start', 'part-start', 'error'])
    expect(events.at(-1)).toMatchObject({
      error: { class: 'overloaded', retryable: true, source: 'upstream', message: 'Overloaded' },
    })
  })

  it('is an error when the stream is cut anywhere, or empty, or no JSON', () => {
    const whole = [start(), block(0, text), delta(0, says('a')), stop(0), over('end_turn'), last]
    for (let length = 0; length < whole.length; length++) {
      expect(decode(whole.slice(0, length)).events.at(-1)).toMatchObject({
        type: 'error',
        error: { class: 'upstream_truncated', source: 'upstream' },
      })
    }
    expect(decode([start(), '<html>']).events.at(-1)).toMatchObject({
      type: 'error',
      error: { class: 'upstream_failed' },
    })
    expect(decode([...whole, last, start()]).types.filter((type) => type === 'end')).toHaveLength(1)
  })

  it('restarts when the message does, and ignores frames of nothing', () => {
    const { types, response } = decode([
      { type: 'ping' },
      start(),
      block(0, text),
      delta(0, says('old')),
      start(),
      block(0, text),
      delta(0, says('new')),
      stop(0),
      over('end_turn'),
      '[DONE]',
      last,
    ])
    expect(types.slice(0, 6)).toEqual(['keep-alive', 'start', 'part-start', 'part-delta', 'restart', 'start'])
    expect(response.parts).toEqual([{ type: 'text', text: 'new' }])
  })
})
