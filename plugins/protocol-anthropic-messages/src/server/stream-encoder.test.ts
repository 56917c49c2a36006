import { describe, expect, it } from 'vitest'
import type { Custody, GatewayEvent, Json, JsonObject, OutputFrame, Part, PartDelta } from '@gantry/core'
import { contextOf, wholeOf, written } from './answers.test-support.ts'
import { streamEncoder } from './stream-encoder.ts'
import { readStrictly } from './strict-reader.test-support.ts'

const protocol = 'anthropic-messages'
const start: GatewayEvent = { type: 'start', id: 'chatcmpl-1', model: 'gpt-5.5' }
const stop: readonly GatewayEvent[] = [{ type: 'finish', finish: { reason: 'stop' } }, { type: 'end' }]
const begin = (index: number, part: Part): GatewayEvent => ({ type: 'part-start', index, part })
const delta = (index: number, one: PartDelta): GatewayEvent => ({ type: 'part-delta', index, delta: one })
const end = (index: number, part?: Part): GatewayEvent => ({ type: 'part-end', index, ...(part && { part }) })
const say = (index: number, text: string): GatewayEvent => delta(index, { type: 'text', text })
const args = (index: number, text: string): GatewayEvent => delta(index, { type: 'arguments', text })
const think = (index: number, text: string, segment = 0): GatewayEvent =>
  delta(index, { type: 'reasoning', segment, kind: 'summary', text })
const text: Part = { type: 'text', text: '' }
const call = (callId: string, name = 'f'): Part => ({
  type: 'tool_call',
  kind: 'function',
  callId,
  name,
  arguments: '',
})
const sign = (blob: string, format = 'signature', by = protocol): Custody => ({ protocol: by, format, blob })
const state = (index: number, custody: Custody): GatewayEvent => delta(index, { type: 'custody', custody })

const write = (...events: readonly GatewayEvent[]): readonly JsonObject[] => written([start, ...events])
const contentOf = (...events: readonly GatewayEvent[]): Json | undefined =>
  readStrictly(write(...events, ...stop)).message['content']
const types = (frames: readonly JsonObject[]): readonly string[] =>
  frames.map((frame) => {
    const inner = (frame['delta'] ?? frame['content_block']) as JsonObject | undefined
    return [frame['type'], frame['index'], inner?.['type']].filter((word) => word !== undefined).join(' ')
  })

describe('the sequence', () => {
  it('of thinking, text and a call', () => {
    const frames = write(
      begin(0, { type: 'reasoning', segments: [] }),
      think(0, 'hm'),
      state(0, sign('sig')),
      end(0),
      begin(1, text),
      say(1, 'hi'),
      end(1),
      begin(2, call('call_1')),
      args(2, '{"a"'),
      args(2, ':1}'),
      end(2),
      {
        type: 'usage',
        usage: {
          tokens: { input: 3, cache_read: 2, output: 5, reasoning: 4 },
          source: 'upstream',
          final: true,
        },
      },
      { type: 'finish', finish: { reason: 'tool_calls', raw: 'tool_calls' } },
      { type: 'end' },
    )
    expect(types(frames)).toEqual([
      'message_start',
      'content_block_start 0 thinking',
      'content_block_delta 0 thinking_delta',
      'content_block_delta 0 signature_delta',
      'content_block_stop 0',
      'content_block_start 1 text',
      'content_block_delta 1 text_delta',
      'content_block_stop 1',
      'content_block_start 2 tool_use',
      'content_block_delta 2 input_json_delta',
      'content_block_delta 2 input_json_delta',
      'content_block_stop 2',
      'message_delta',
      'message_stop',
    ])
    expect(frames[0]?.['message']).toMatchObject({
      id: 'msg_000000001abcdef',
      type: 'message',
      role: 'assistant',
      model: 'gpt-5.5',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    })
    expect(frames.at(-2)).toMatchObject({
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 3, cache_read_input_tokens: 2, output_tokens: 9 },
    })
  })

  it('of an answer without words has no blocks', () => {
    expect(types(write(...stop))).toEqual(['message_start', 'message_delta', 'message_stop'])
  })

  it('names every event by its type', () => {
    const frames: OutputFrame[] = []
    const encoder = streamEncoder(contextOf())
    for (const event of [
      start,
      begin(0, text),
      say(0, 'a'),
      { type: 'keep-alive', raw: ': x' } as const,
      end(0),
      ...stop,
    ]) {
      encoder.push(event, (frame) => frames.push(frame))
    }
    for (const frame of frames) {
      if (!('data' in frame)) throw new Error('a comment')
      expect(frame.event).toBe((JSON.parse(frame.data) as JsonObject)['type'])
    }
    expect(frames.some((frame) => 'event' in frame && frame.event === 'ping')).toBe(true)
  })
})

describe('blocks', () => {
  it('open one at a time, whatever comes between', () => {
    const frames = write(
      begin(0, call('a')),
      begin(1, call('b')),
      args(1, '{"x":1}'),
      args(0, '{"y"'),
      end(1),
      args(0, ':2}'),
      begin(2, text),
      say(2, 'done'),
      end(0),
      end(2),
      ...stop,
    )
    expect(readStrictly(frames).message['content']).toMatchObject([
      { id: 'a', input: { y: 2 } },
      { id: 'b', input: { x: 1 } },
      { type: 'text', text: 'done' },
    ])
  })

  it('a hundred interleaved calls stay in order and apart', () => {
    const indexes = Array.from({ length: 100 }, (_, index) => index)
    const content = contentOf(
      ...indexes.map((index) => begin(index, call(`c${index}`))),
      ...indexes.toReversed().flatMap((index) => [args(index, `{"n":`), args(index, `${index}}`)]),
      ...indexes.toReversed().map((index) => end(index)),
    ) as readonly JsonObject[]
    expect(content.map(({ input }) => (input as JsonObject)['n'])).toEqual(indexes)
  })

  it('of text begin with its first word, and there is none without', () => {
    expect(contentOf(begin(0, text), say(0, ''), end(0), begin(1, text), say(1, 'a'), end(1))).toMatchObject([
      { type: 'text', text: 'a' },
    ])
  })

  it('of thinking keep segments apart and end with one signature', () => {
    const frames = write(
      begin(0, { type: 'reasoning', segments: [] }),
      think(0, 'one'),
      state(0, sign('first')),
      think(0, 'two', 1),
      state(0, sign('last')),
      end(0),
      ...stop,
    )
    expect(readStrictly(frames).message['content']).toEqual([
      { type: 'thinking', thinking: 'one\n\ntwo', signature: 'last' },
    ])
  })

  it('of hidden thinking are whole in their start; nothing at all is no block', () => {
    const frames = write(
      begin(0, { type: 'reasoning', segments: [], custody: sign('data', 'redacted') }),
      end(0),
      begin(1, { type: 'reasoning', segments: [] }),
      end(1),
      begin(2, { type: 'reasoning', segments: [] }),
      state(2, sign('only state')),
      end(2),
      ...stop,
    )
    expect(readStrictly(frames).message['content']).toEqual([
      { type: 'redacted_thinking', data: 'data' },
      { type: 'thinking', thinking: '', signature: 'only state' },
    ])
  })

  it('state of another wire goes to nobody', () => {
    const context = contextOf()
    const frames = written(
      [
        start,
        begin(0, { type: 'reasoning', segments: [] }),
        think(0, 'hm'),
        state(0, sign('secret', 'encrypted', 'openai-responses')),
        end(0),
        ...stop,
      ],
      context,
    )
    expect(JSON.stringify(frames)).not.toContain('secret')
    expect(context.losses).toMatchObject([{ what: 'custody.encrypted', how: 'dropped', pointer: '/parts/0' }])
  })

  it('never have a type that clients of this wire do not know', () => {
    const native = { protocol: 'openai-responses', value: { type: 'shell_call', id: 'x' } }
    const context = contextOf()
    const frames = written(
      [
        start,
        begin(0, { type: 'native', native }),
        end(0),
        begin(1, { type: 'native', native, text: 'ran' }),
        end(1),
        begin(2, {
          type: 'server_tool_call',
          tool: 'shell',
          callId: 'c',
          name: 'shell',
          arguments: '{}',
          native,
        }),
        end(2),
        begin(3, { type: 'image', source: { kind: 'url', url: 'https://a' } }),
        end(3),
        ...stop,
      ],
      context,
    )
    expect(readStrictly(frames).message['content']).toMatchObject([{ type: 'text', text: 'ran' }])
    expect(context.losses.map(({ what, how }) => `${what} ${how}`)).toEqual([
      'part.native dropped',
      'part.native approximated',
      'part.server_tool_call dropped',
      'part.image dropped',
    ])
  })

  it('of this wire pass as they are, with their input in deltas', () => {
    const use = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
    const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }
    const frames = write(
      begin(0, {
        type: 'server_tool_call',
        tool: 'web_search',
        callId: 'srvtoolu_1',
        name: 'web_search',
        arguments: '',
        native: { protocol, value: use },
      }),
      args(0, '{"query":"x"}'),
      end(0),
      begin(1, {
        type: 'server_tool_result',
        tool: 'web_search',
        callId: 'srvtoolu_1',
        parts: [],
        native: { protocol, value: found },
      }),
      end(1),
      ...stop,
    )
    expect(types(frames)).toContain('content_block_delta 0 input_json_delta')
    expect(readStrictly(frames).message['content']).toEqual([{ ...use, input: { query: 'x' } }, found])
  })

  it('a summary is one here only when it was one of this wire', () => {
    const own = { [protocol]: { $compaction: true } }
    expect(
      contentOf(
        begin(0, { type: 'compaction', extra: own }),
        say(0, 'short'),
        state(0, sign('enc', 'encrypted')),
        end(0),
        begin(1, { type: 'compaction', text: 'other' }),
        end(1),
      ),
    ).toMatchObject([
      { type: 'compaction', content: 'short' },
      { type: 'text', text: 'other' },
    ])
  })
})

describe('calls', () => {
  it('keep ids that are valid, and get others where they are not, the same each time', () => {
    const ids = (
      contentOf(
        begin(0, call('call_1')),
        end(0),
        begin(1, call('functions.Bash:0')),
        end(1),
        begin(2, call('')),
        end(2),
        begin(3, call('call_1')),
        end(3),
      ) as readonly JsonObject[]
    ).map(({ id }) => String(id))
    expect(ids[0]).toBe('call_1')
    expect(ids[1]).toMatch(/^functions_Bash_0_[a-z0-9]{20}$/)
    expect(ids.slice(2)).toEqual(['toolu_000000001abcdef_0', 'toolu_000000001abcdef_1'])
  })

  it('without arguments have the input {}', () => {
    expect(contentOf(begin(0, call('a')), end(0))).toMatchObject([{ input: {} }])
    expect(contentOf(begin(0, call('a')), args(0, ' '), end(0))).toMatchObject([{ input: {} }])
  })

  it('with arguments that are no object are wrapped', () => {
    const context = contextOf()
    const frames = written(
      [start, begin(0, call('a')), args(0, '["x"'), args(0, ']'), end(0), ...stop],
      context,
    )
    expect(readStrictly(frames).message['content']).toMatchObject([{ input: { __raw: '["x"]' } }])
    expect(context.losses).toMatchObject([{ what: 'part.tool_call.arguments', how: 'approximated' }])
    expect(contentOf(begin(0, call('a')), args(0, ' \n'), args(0, '!'), end(0))).toMatchObject([
      { input: { __raw: ' \n!' } },
    ])
  })

  it('in free text have it as their one argument', () => {
    const part: Part = { type: 'tool_call', kind: 'custom', callId: 'a', name: 'patch', arguments: '' }
    expect(contentOf(begin(0, part), args(0, '*** "x"'), args(0, '\n'), end(0))).toMatchObject([
      { name: 'patch', input: { input: '*** "x"\n' } },
    ])
  })

  it('pass arguments byte for byte', () => {
    const frames = write(
      begin(0, call('a')),
      args(0, '\n '),
      args(0, '{"n": 1.0,'),
      args(0, ' "m":12345678901234567890}'),
      end(0),
      ...stop,
    )
    const said = frames.flatMap((frame) => (frame['delta'] as JsonObject | undefined)?.['partial_json'] ?? [])
    expect(said.join('')).toBe('\n {"n": 1.0, "m":12345678901234567890}')
  })
})

describe('citations', () => {
  const native = { protocol: 'openai-responses', value: { type: 'url_citation' } }
  const cite = (index: number, url?: string): GatewayEvent =>
    delta(index, { type: 'citation', citation: { kind: 'url', ...(url && { url, title: 'A' }), native } })

  it('of web pages are search results, others are reported', () => {
    const context = contextOf()
    const frames = written(
      [start, begin(0, text), say(0, 'a'), cite(0, 'https://a'), cite(0), end(0), ...stop],
      context,
    )
    expect(readStrictly(frames).message['content']).toMatchObject([
      {
        citations: [
          {
            type: 'web_search_result_location',
            url: 'https://a',
            title: 'A',
            cited_text: '',
            encrypted_index: '',
          },
        ],
      },
    ])
    expect(context.losses).toMatchObject([{ what: 'part.text.citations', how: 'dropped' }])
  })

  it('may come after the end of their text, until another block begins', () => {
    const context = contextOf()
    const frames = written(
      [
        start,
        begin(0, text),
        say(0, 'a'),
        end(0),
        cite(0, 'https://a'),
        begin(1, text),
        say(1, 'b'),
        cite(0, 'https://b'),
        end(1),
        ...stop,
      ],
      context,
    )
    expect(JSON.stringify(frames)).toContain('https://a')
    expect(JSON.stringify(frames)).not.toContain('https://b')
    expect(context.losses).toHaveLength(1)
  })
})

describe('the end', () => {
  it.each<[Extract<GatewayEvent, { type: 'finish' }>['finish'], string]>([
    [{ reason: 'stop', raw: 'stop' }, 'end_turn'],
    [{ reason: 'stop', stopSequence: 'END' }, 'stop_sequence'],
    [{ reason: 'length', raw: 'max_output_tokens' }, 'max_tokens'],
    [{ reason: 'length', raw: 'model_context_window_exceeded' }, 'model_context_window_exceeded'],
    [{ reason: 'tool_calls' }, 'tool_use'],
    [{ reason: 'content_filter', raw: 'content_filter' }, 'refusal'],
    [{ reason: 'refusal' }, 'refusal'],
    [{ reason: 'pause' }, 'pause_turn'],
    [{ reason: 'compaction' }, 'compaction'],
    [{ reason: 'other', raw: 'teleported' }, 'end_turn'],
    // A word of this wire that a hook made another reason of.
    [{ reason: 'length', raw: 'end_turn' }, 'max_tokens'],
  ])('%j is %s', (finish, word) => {
    const frames = write({ type: 'finish', finish }, { type: 'end' })
    expect(frames.at(-2)).toMatchObject({
      delta: { stop_reason: word, stop_sequence: finish.stopSequence ?? null },
    })
  })

  it('of a refusal in words is a refusal', () => {
    const frames = write(begin(0, { type: 'refusal', text: '' }), say(0, 'I will not.'), end(0), ...stop)
    expect(readStrictly(frames).message).toMatchObject({
      stop_reason: 'refusal',
      content: [{ type: 'text', text: 'I will not.' }],
    })
  })

  it('of an answer that the model did not finish is an error, in both forms', () => {
    const finish = { reason: 'error' as const, raw: 'error' }
    const frames = write(begin(0, text), say(0, 'ha'), end(0), { type: 'finish', finish }, { type: 'end' })
    expect(types(frames).slice(-2)).toEqual(['content_block_stop 0', 'error'])
    expect(() => wholeOf({ parts: [{ type: 'text', text: 'ha' }], finish })).toThrow('did not finish')
  })

  it('of a broken stream is the error, and nothing after it', () => {
    const error = {
      class: 'overloaded' as const,
      status: 503,
      message: 'Too busy.',
      retryable: true,
      source: 'upstream' as const,
    }
    const frames = write(
      begin(0, text),
      say(0, 'ha'),
      { type: 'error', error },
      { type: 'end' },
      say(0, 'more'),
    )
    expect(frames.at(-1)).toEqual({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Too busy.' },
      request_id: 'req_000000001abcdef',
    })
    expect(types(frames)).not.toContain('message_stop')
    expect(types(written([{ type: 'error', error }]))).toEqual(['error'])
  })

  it('brings what an upstream of this wire said beside it', () => {
    const frames = written([
      { ...start, extra: { [protocol]: { $answer: true } } } as GatewayEvent,
      ...stop.slice(0, 1),
      {
        type: 'end',
        extra: { [protocol]: { container: { id: 'c' }, context_management: { applied_edits: [] } } },
      },
    ])
    expect(frames.at(-2)).toMatchObject({
      delta: { container: { id: 'c' } },
      context_management: { applied_edits: [] },
    })
  })

  it('usage that a hook has replaced counts, not the upstream’s own object', () => {
    const usage = (tokens: object): GatewayEvent => ({
      type: 'usage',
      usage: {
        tokens,
        source: 'upstream',
        final: true,
        native: { protocol, value: { input_tokens: 3, output_tokens: 4, service_tier: 'batch' } },
      },
    })
    expect(write(usage({ input: 3, output: 4 }), ...stop).at(-2)?.['usage']).toEqual({
      input_tokens: 3,
      output_tokens: 4,
      service_tier: 'batch',
    })
    expect(write(usage({ input: 1, output: 4 }), ...stop).at(-2)?.['usage']).toMatchObject({
      input_tokens: 1,
      output_tokens: 4,
    })
  })
})

it('a second start of the same wire begins a new message', () => {
  const frames = write(
    begin(0, text),
    say(0, 'a'),
    { type: 'restart' },
    start,
    begin(0, text),
    say(0, 'b'),
    end(0),
    ...stop,
  )
  const second = frames.findLastIndex(({ type }) => type === 'message_start')
  expect(readStrictly(frames.slice(second)).message['content']).toMatchObject([{ text: 'b' }])
})

it('frames of this wire that nobody knows pass in place, those of others do not', () => {
  const raw = (by: string): GatewayEvent => ({ type: 'raw', protocol: by, event: 'x', data: '{"type":"x"}' })
  expect(types(write(raw(protocol), raw('openai-chat'), ...stop))).toEqual([
    'message_start',
    'x',
    'message_delta',
    'message_stop',
  ])
})

it('other choices than the first are not for this wire', () => {
  const other = { ...begin(0, text), choice: 1 } as GatewayEvent
  const word = { ...say(0, 'second'), choice: 1 } as GatewayEvent
  expect(JSON.stringify(write(other, word, { ...end(0), choice: 1 } as GatewayEvent, ...stop))).not.toContain(
    'second',
  )
})
