import { describe, expect, it } from 'vitest'
import type {
  GatewayErrorData,
  GatewayEvent,
  JsonObject,
  OutputFrame,
  Part,
  PartDelta,
  Usage,
} from '@gantry/core'
import { contextOf, written } from './answers.test-support.ts'
import { eventViolations } from './schema.test-support.ts'
import { streamEncoder } from './stream-encoder.ts'
import { readStrictly } from './strict-reader.test-support.ts'

const start: GatewayEvent = { type: 'start', id: 'chatcmpl-1', model: 'served', createdAt: 1_700_000_000 }
const begin = (index: number, part: Part): GatewayEvent => ({ type: 'part-start', index, part })
const add = (index: number, delta: PartDelta): GatewayEvent => ({ type: 'part-delta', index, delta })
const end = (index: number, part?: Part): GatewayEvent => ({
  type: 'part-end',
  index,
  ...(part && { part }),
})
const finish = (reason: 'stop' | 'length' | 'tool_calls' | 'refusal' | 'error' = 'stop'): GatewayEvent => ({
  type: 'finish',
  finish: { reason },
})
const over: GatewayEvent = { type: 'end' }
const usage: Usage = {
  tokens: { input: 5, cache_read: 3, output: 4, reasoning: 2 },
  source: 'upstream',
  final: true,
}
const text = (index: number, ...words: readonly string[]): readonly GatewayEvent[] => [
  begin(index, { type: 'text', text: '' }),
  ...words.map((word) => add(index, { type: 'text', text: word })),
  end(index),
]

/** Frames of a stream that is written as it should be. */
function frames(...events: readonly GatewayEvent[]): readonly JsonObject[] {
  const found = written(events)
  expect(found.flatMap(eventViolations)).toEqual([])
  readStrictly(found)
  return found
}

/** Items of the whole response in the last frame. */
function outputOf(found: readonly JsonObject[]): readonly JsonObject[] {
  const response = found.at(-1)?.['response'] as JsonObject | undefined
  return (response?.['output'] ?? []) as readonly JsonObject[]
}

const typesOf = (found: readonly JsonObject[]): readonly unknown[] =>
  found.map((frame) => String(frame['type']).replace(/^response\./, ''))

describe('a turn with thinking, words and a call', () => {
  const found = frames(
    start,
    begin(0, { type: 'reasoning', segments: [] }),
    add(0, { type: 'reasoning', segment: 0, kind: 'summary', text: 'Let me ' }),
    add(0, { type: 'reasoning', segment: 0, kind: 'summary', text: 'see.' }),
    add(0, { type: 'reasoning', segment: 1, kind: 'summary', text: 'So.' }),
    add(0, {
      type: 'custody',
      custody: { protocol: 'openai-responses', format: 'encrypted', blob: 'gantry1.x' },
    }),
    end(0),
    ...text(1, 'Hel', 'lo'),
    begin(2, { type: 'tool_call', kind: 'function', callId: 'call_1', name: 'f', arguments: '' }),
    add(2, { type: 'arguments', text: '{"a":' }),
    add(2, { type: 'arguments', text: '1}' }),
    end(2),
    { type: 'usage', usage },
    finish('tool_calls'),
    over,
  )

  it('comes in the order of the wire', () => {
    expect(typesOf(found)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'completed',
    ])
  })

  it('ends with the whole response', () => {
    expect(found.at(-1)?.['response']).toMatchObject({
      id: 'resp_000000001abcdef',
      object: 'response',
      created_at: 1_700_000_000,
      status: 'completed',
      model: 'served',
      store: false,
      background: false,
      output: [
        {
          type: 'reasoning',
          id: 'rs_000000001abcdef_0',
          summary: [
            { type: 'summary_text', text: 'Let me see.' },
            { type: 'summary_text', text: 'So.' },
          ],
          encrypted_content: 'gantry1.x',
        },
        {
          type: 'message',
          id: 'msg_000000001abcdef_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }],
        },
        {
          type: 'function_call',
          id: 'fc_000000001abcdef_2',
          call_id: 'call_1',
          name: 'f',
          arguments: '{"a":1}',
          status: 'completed',
        },
      ],
      usage: {
        input_tokens: 8,
        input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
        output_tokens: 6,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 14,
      },
    })
  })

  it('names each frame like its type', () => {
    const names: (string | undefined)[] = []
    const encoder = streamEncoder(contextOf({}))
    for (const event of [start, ...text(0, 'a'), finish(), over]) {
      encoder.push(event, (frame) => 'data' in frame && names.push(frame.event))
    }
    expect(names.slice(0, 4)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
    ])
  })
})

describe('items', () => {
  const itemsOf = (...events: readonly GatewayEvent[]): readonly JsonObject[] =>
    outputOf(frames(start, ...events, finish(), over))

  it('of freeform calls never have function frames', () => {
    const found = frames(
      start,
      begin(0, { type: 'tool_call', kind: 'custom', callId: 'c', name: 'apply_patch', arguments: '*** ' }),
      add(0, { type: 'arguments', text: 'Begin' }),
      end(0),
      finish('tool_calls'),
      over,
    )
    expect(typesOf(found).slice(2, -1)).toEqual([
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
    ])
    expect(found[2]?.['item']).toMatchObject({ type: 'custom_tool_call', input: '', status: 'in_progress' })
    expect(found.at(-2)?.['item']).toMatchObject({ input: '*** Begin', name: 'apply_patch', call_id: 'c' })
  })

  it('of namespaced calls say their namespace', () => {
    const part: Part = {
      type: 'tool_call',
      kind: 'function',
      callId: 'c',
      name: 'read',
      namespace: 'mcp__x',
      arguments: '',
    }
    expect(itemsOf(begin(0, part), end(0))[0]).toMatchObject({ name: 'read', namespace: 'mcp__x' })
  })

  it('of a search for tools are what the client declared', () => {
    const call: Part = {
      type: 'tool_call',
      kind: 'function',
      callId: 'c',
      name: 'tool_search',
      arguments: '{"query":"mail"}',
    }
    const declared = {
      type: 'function' as const,
      name: 'tool_search',
      extra: { 'openai-responses': { $type: 'tool_search' } },
    }
    const output = (tools: readonly (typeof declared)[], part: Part): readonly JsonObject[] =>
      outputOf(written([start, begin(0, part), end(0), finish(), over], contextOf({}, { tools })))
    expect(output([declared], call)).toEqual([
      {
        type: 'tool_search_call',
        id: 'tsc_000000001abcdef_0',
        call_id: 'c',
        execution: 'client',
        arguments: { query: 'mail' },
        status: 'completed',
      },
    ])
    expect(output([declared], { ...call, arguments: 'mail' })).toMatchObject([{ arguments: 'mail' }])
    expect(output([], call)).toMatchObject([{ type: 'function_call', name: 'tool_search' }])
  })

  it('of raw thoughts have content, those of none at all an empty summary', () => {
    expect(
      itemsOf(
        begin(0, { type: 'reasoning', segments: [] }),
        add(0, { type: 'reasoning', segment: 0, kind: 'text', text: 'hmm' }),
        end(0),
        begin(1, { type: 'reasoning', segments: [] }),
        end(1),
      ),
    ).toMatchObject([
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'hmm' }] },
      { type: 'reasoning', summary: [] },
    ])
  })

  it('join words that stand side by side and refusals too, unless groups keep them apart', () => {
    const refusal: readonly GatewayEvent[] = [
      begin(1, { type: 'refusal', text: '' }),
      add(1, { type: 'text', text: 'No.' }),
      end(1),
    ]
    expect(itemsOf(...text(0, 'Well.'), ...refusal)).toMatchObject([
      { type: 'message', content: [{ text: 'Well.' }, { type: 'refusal', refusal: 'No.' }] },
    ])
    const grouped = (index: number, id: string): readonly GatewayEvent[] => [
      begin(index, { type: 'text', text: id, group: { id } }),
      end(index),
    ]
    const output = itemsOf(...grouped(0, 'msg_a'), ...grouped(1, 'msg_a'), ...grouped(2, 'msg_b'))
    expect(output).toMatchObject([
      { id: 'msg_a', content: [{ text: 'msg_a' }, { text: 'msg_a' }] },
      { id: 'msg_b', content: [{ text: 'msg_b' }] },
    ])
  })

  it('take sources that come after the words', () => {
    const citation = {
      kind: 'url' as const,
      url: 'https://a',
      title: 'A',
      native: { protocol: 'google-gemini', value: {} },
    }
    const [message] = itemsOf(...text(0, 'four'), add(0, { type: 'citation', citation }))
    expect(message).toMatchObject({
      content: [
        {
          annotations: [{ type: 'url_citation', url: 'https://a', title: 'A', start_index: 0, end_index: 4 }],
        },
      ],
    })
  })

  it('of calls that come at once are kept apart, each finished once', () => {
    const call = (index: number): GatewayEvent =>
      begin(index, { type: 'tool_call', kind: 'function', callId: `c${index}`, name: 'f', arguments: '' })
    const output = itemsOf(
      ...Array.from({ length: 100 }, (_, index) => call(index)),
      ...Array.from({ length: 100 }, (_, index) => add(index, { type: 'arguments', text: String(index) })),
      ...Array.from({ length: 100 }, (_, index) => end(index)),
    )
    expect(output.map((item) => [item['call_id'], item['arguments']])).toEqual(
      Array.from({ length: 100 }, (_, index) => [`c${index}`, String(index)]),
    )
  })

  it('that others have followed are finished as soon as they end', () => {
    const call = (index: number): GatewayEvent =>
      begin(index, { type: 'tool_call', kind: 'function', callId: `c${index}`, name: 'f', arguments: '' })
    const found = frames(
      start,
      call(0),
      call(1),
      end(0),
      add(1, { type: 'arguments', text: '{}' }),
      end(1),
      finish('tool_calls'),
      over,
    )
    expect(typesOf(found).slice(2, -1)).toEqual([
      'output_item.added',
      'output_item.added',
      'function_call_arguments.done',
      'output_item.done',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
    ])
  })

  it('that only this wire has pass with their progress', () => {
    const item = { type: 'web_search_call', id: 'ws_1', status: 'in_progress' }
    const done = { ...item, status: 'completed', action: { type: 'search', query: 'q' } }
    const part = (value: JsonObject): Part => ({
      type: 'server_tool_call',
      tool: 'web_search',
      callId: 'ws_1',
      name: 'web_search',
      arguments: '',
      native: { protocol: 'openai-responses', value },
    })
    const found = written([
      { ...start, extra: { 'openai-responses': { billing: { payer: 'developer' } } } },
      begin(0, part(item)),
      add(0, {
        type: 'native',
        native: {
          protocol: 'openai-responses',
          value: {
            type: 'response.web_search_call.searching',
            sequence_number: 900,
            item_id: 'ws_1',
            output_index: 7,
          },
        },
      }),
      end(0, part(done)),
      finish(),
      over,
    ])
    readStrictly(found)
    expect(found.slice(2, 5)).toMatchObject([
      { type: 'response.output_item.added', item },
      { type: 'response.web_search_call.searching', sequence_number: 3, item_id: 'ws_1', output_index: 0 },
      { type: 'response.output_item.done', item: done },
    ])
    expect(found.at(-1)?.['response']).toMatchObject({ billing: { payer: 'developer' }, output: [done] })
  })

  it('of code that a provider runs end before it is run', () => {
    const item = {
      type: 'code_interpreter_call',
      id: 'ci_1',
      status: 'in_progress',
      code: '',
      container_id: 'c',
      outputs: [],
    }
    const native = (value: JsonObject): { readonly protocol: string; readonly value: JsonObject } => ({
      protocol: 'openai-responses',
      value,
    })
    const found = frames(
      start,
      begin(0, {
        type: 'server_tool_call',
        tool: 'code_execution',
        callId: 'ci_1',
        name: 'code_interpreter',
        arguments: '',
        native: native(item),
      }),
      add(0, { type: 'arguments', text: 'print' }),
      add(0, { type: 'arguments', text: '(1)' }),
      add(0, {
        type: 'native',
        native: native({ type: 'response.code_interpreter_call.interpreting', item_id: 'ci_1' }),
      }),
      end(0),
      finish(),
      over,
    )
    expect(typesOf(found).slice(3, 8)).toEqual([
      'code_interpreter_call_code.delta',
      'code_interpreter_call_code.delta',
      'code_interpreter_call_code.done',
      'code_interpreter_call.interpreting',
      'output_item.done',
    ])
    expect(found.at(-2)?.['item']).toMatchObject({ code: 'print(1)' })
  })

  it('of a compacted conversation come with their state', () => {
    const found = frames(
      start,
      begin(0, { type: 'compaction' }),
      add(0, {
        type: 'custody',
        custody: { protocol: 'openai-responses', format: 'encrypted', blob: 'gAAA' },
      }),
      end(0),
      finish(),
      over,
    )
    const item = { type: 'compaction', id: 'cmp_000000001abcdef_0', encrypted_content: 'gAAA' }
    expect(found.slice(2, 4).map((frame) => frame['item'])).toEqual([
      { ...item, encrypted_content: '' },
      item,
    ])
  })

  it('that an upstream gave one id twice get two', () => {
    const part: Part = { type: 'reasoning', id: 'rs_same', segments: [] }
    expect(itemsOf(begin(0, part), end(0), begin(1, part), end(1)).map((item) => item['id'])).toEqual([
      'rs_same',
      'rs_000000001abcdef_1',
    ])
  })
})

describe('an answer that is cut', () => {
  it('says why, and in which item', () => {
    const found = frames(start, ...text(0, 'Once'), finish('length'), over)
    expect(typesOf(found).at(-1)).toBe('incomplete')
    expect(found.at(-1)?.['response']).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      completed_at: null,
      output: [{ status: 'incomplete', content: [{ text: 'Once' }] }],
    })
    expect(frames(start, finish('refusal'), over).at(-1)?.['response']).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      output: [],
    })
  })

  it('uses no word of another wire', () => {
    const found = written([start, { type: 'finish', finish: { reason: 'length', raw: 'length' } }, over])
    expect(found.at(-1)?.['response']).toMatchObject({ incomplete_details: { reason: 'max_output_tokens' } })
  })

  it('that the model broke off is a failure', () => {
    expect(written([start, finish('error'), over]).at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error' } },
    })
  })
})

describe('an error', () => {
  const error = (more: Partial<GatewayErrorData>): GatewayEvent => ({
    type: 'error',
    error: {
      class: 'internal',
      status: 500,
      message: 'It broke.',
      retryable: false,
      source: 'gateway',
      ...more,
    },
  })

  it('is told twice, once for each kind of reader, and nothing follows', () => {
    const found = frames(
      start,
      begin(0, { type: 'text', text: '' }),
      add(0, { type: 'text', text: 'half' }),
      { type: 'usage', usage },
      error({ class: 'upstream_truncated', status: 502 }),
      over,
    )
    expect(found.slice(-2)).toMatchObject([
      {
        type: 'error',
        sequence_number: 5,
        code: null,
        message: 'It broke. (request id: req_000000001abcdef)',
        param: null,
        error: { type: 'server_error', message: 'It broke. (request id: req_000000001abcdef)', code: null },
      },
      {
        type: 'response.failed',
        sequence_number: 6,
        response: {
          status: 'failed',
          completed_at: null,
          error: { code: 'server_error', message: 'It broke. (request id: req_000000001abcdef)' },
          output: [{ type: 'message', status: 'incomplete', content: [{ text: 'half' }] }],
          usage: { total_tokens: 14 },
        },
      },
    ])
  })

  it('comes after a response that was begun', () => {
    expect(typesOf(frames(error({})))).toEqual(['created', 'in_progress', 'error', 'failed'])
  })

  it.each<[string, Partial<GatewayErrorData>]>([
    ['context_length_exceeded', { class: 'context_length' }],
    ['insufficient_quota', { class: 'insufficient_funds' }],
    ['server_is_overloaded', { class: 'overloaded' }],
    ['slow_down', { class: 'overloaded', code: 'slow_down' }],
    ['rate_limit_exceeded', { class: 'rate_limited' }],
    ['invalid_prompt', { class: 'invalid_request', code: 'invalid_type' }],
    ['invalid_prompt', { class: 'content_policy' }],
    ['server_error', { class: 'timeout' }],
    ['server_error', { class: 'upstream_failed' }],
  ])('has the code %s that clients act on', (code, data) => {
    expect(frames(start, error(data)).at(-1)).toMatchObject({ response: { error: { code } } })
  })

  it('says how long to wait where clients look for it', () => {
    const [told, failed] = frames(start, error({ class: 'rate_limited', retryAfterMs: 500 })).slice(-2)
    expect(told?.['message']).toBe('It broke. Please try again in 0.5s. (request id: req_000000001abcdef)')
    expect(failed).toMatchObject({ response: { error: { message: told?.['message'] } } })
    const own = error({ class: 'rate_limited', retryAfterMs: 500, message: 'Try again in 2s.' })
    expect(frames(start, own).at(-2)?.['message']).toBe('Try again in 2s. (request id: req_000000001abcdef)')
  })
})

describe('beside the answer', () => {
  it('keep-alives are comments', () => {
    const frames: OutputFrame[] = []
    const encoder = streamEncoder(contextOf({}))
    encoder.push({ type: 'keep-alive', raw: '{"type":"keepalive"}' }, (frame) => frames.push(frame))
    encoder.push(start, (frame) => frames.push(frame))
    encoder.push({ type: 'keep-alive' }, (frame) => frames.push(frame))
    expect(frames.map((frame) => ('comment' in frame ? frame.comment : frame.event))).toEqual([
      'keep-alive',
      'response.created',
      'keep-alive',
    ])
  })

  it('frames of this wire pass, renumbered; those of others do not', () => {
    const raw = (protocol: string, data: object): GatewayEvent => ({
      type: 'raw',
      protocol,
      data: JSON.stringify(data),
    })
    const found = written([
      start,
      raw('openai-responses', { type: 'response.queued', sequence_number: 70, response: { id: 'r' } }),
      raw('openai-responses', { type: 'response.in_progress', sequence_number: 71 }),
      raw('anthropic-messages', { type: 'ping' }),
      ...text(0, 'a'),
      finish(),
      over,
    ])
    expect(typesOf(found).slice(0, 4)).toEqual(['created', 'queued', 'in_progress', 'output_item.added'])
    expect(found.map((frame) => frame['sequence_number'])).toEqual(found.map((_frame, index) => index))
  })

  it('a second choice is nobody of this wire', () => {
    const second: GatewayEvent = {
      type: 'part-start',
      index: 0,
      part: { type: 'text', text: 'b' },
      choice: 1,
    }
    const found = frames(start, second, finish(), over)
    expect(found.at(-1)?.['response']).toMatchObject({ output: [] })
  })

  it('an upstream that began again begins again', () => {
    const found = written([
      start,
      ...text(0, 'old'),
      { type: 'restart' },
      { ...start, id: 'resp_2' },
      ...text(0, 'new'),
      finish(),
      over,
    ])
    expect(found.filter(({ type }) => type === 'response.created')).toHaveLength(2)
    expect(found.at(-1)?.['response']).toMatchObject({
      id: 'resp_2',
      output: [{ content: [{ text: 'new' }] }],
    })
  })
})

describe('losses', () => {
  it('are told once, and the rest of the answer stands', () => {
    const context = contextOf({})
    const found = written(
      [
        start,
        begin(0, { type: 'image', source: { kind: 'url', url: 'https://x/y.png' } }),
        end(0),
        begin(1, { type: 'image', source: { kind: 'base64', data: 'AAAA', mediaType: 'image/png' } }),
        end(1),
        begin(2, { type: 'audio', source: { kind: 'base64', data: 'AAAA' }, transcript: 'la' }),
        end(2),
        begin(3, { type: 'native', native: { protocol: 'x', value: {} } }),
        end(3),
        begin(4, { type: 'tool_call', kind: 'hosted', callId: 'c', name: 'bash', arguments: '{}' }),
        end(4),
        begin(5, { type: 'json', json: '{"a":1}' }),
        end(5),
        finish(),
        over,
      ],
      context,
    )
    readStrictly(found)
    expect(context.losses.map(({ pointer, what, how }) => [pointer, what, how])).toEqual([
      ['/parts/0', 'part.image', 'dropped'],
      ['/parts/1', 'part.image', 'approximated'],
      ['/parts/2', 'part.audio', 'approximated'],
      ['/parts/3', 'part.native', 'dropped'],
      ['/parts/4', 'tool_call.hosted', 'lowered'],
    ])
    expect(found.at(-1)?.['response']).toMatchObject({
      output: [
        { type: 'image_generation_call', result: 'AAAA', status: 'completed' },
        { type: 'message', content: [{ text: 'la' }] },
        { type: 'function_call', name: 'bash' },
        { type: 'message', content: [{ text: '{"a":1}' }] },
      ],
    })
  })
})

it('takes time in proportion to the number of deltas', () => {
  const time = (count: number): number => {
    const encoder = streamEncoder(contextOf({}))
    const started = performance.now()
    encoder.push(start, () => {})
    encoder.push(begin(0, { type: 'text', text: '' }), () => {})
    for (let at = 0; at < count; at++) encoder.push(add(0, { type: 'text', text: 'word ' }), () => {})
    encoder.push(end(0), () => {})
    encoder.push(finish(), () => {})
    encoder.push(over, () => {})
    return performance.now() - started
  }
  time(1_000)
  expect(time(100_000)).toBeLessThan(3_000)
})
