import type { Frame, GatewayEvent, GenerateResponse, JsonObject, Part } from '@gantry/core'
import { describe, expect, it } from 'vitest'
import { decodeFrames } from '../recorded.test-support.ts'

const frame = (type: string, fields: JsonObject = {}): Frame => ({
  event: type,
  data: JSON.stringify({ type, ...fields }),
})
const created = frame('response.created', {
  response: {
    id: 'resp_1',
    model: 'gpt-5.5',
    created_at: 7,
    status: 'in_progress',
    output: [],
    usage: null,
    store: false,
  },
})
const ended = (type: string, response: JsonObject = {}): Frame =>
  frame(`response.${type}`, { response: { id: 'resp_1', status: type, output: [], ...response } })
const added = (output_index: number, item: JsonObject): Frame =>
  frame('response.output_item.added', { output_index, item })
const done = (output_index: number, item: JsonObject): Frame =>
  frame('response.output_item.done', { output_index, item })
const message = (id: string, ...texts: readonly string[]): JsonObject => ({
  type: 'message',
  id,
  role: 'assistant',
  status: 'completed',
  content: texts.map((text) => ({ type: 'output_text', text, annotations: [] })),
})
const textDelta = (output_index: number, delta: string, content_index = 0): Frame =>
  frame('response.output_text.delta', { output_index, content_index, item_id: `msg_${output_index}`, delta })
const run = (...frames: readonly Frame[]): { events: readonly GatewayEvent[]; response: GenerateResponse } =>
  decodeFrames(frames)
const typesOf = (events: readonly GatewayEvent[]): readonly string[] =>
  events.map((event) => (event.type === 'part-delta' ? `${event.type} ${event.delta.type}` : event.type))
const textsOf = ({ parts }: GenerateResponse): readonly string[] =>
  parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))

describe('texts', () => {
  it('come from deltas, whatever is left out around them', () => {
    const { events, response } = run(textDelta(3, 'Hel'), textDelta(3, 'lo'), ended('completed'))
    expect(typesOf(events)).toEqual([
      'start',
      'part-start',
      'part-delta text',
      'part-delta text',
      'part-end',
      'finish',
      'end',
    ])
    expect(textsOf(response)).toEqual(['Hello'])
  })

  it('come from the finished item, where there are no deltas, and only what is missing of it', () => {
    expect(
      textsOf(run(created, done(0, message('msg_0', 'One', 'Two')), ended('completed')).response),
    ).toEqual(['One', 'Two'])
    const { events, response } = run(
      created,
      textDelta(0, 'He'),
      done(0, message('msg_0', 'Hello')),
      ended('completed'),
    )
    expect(
      events.flatMap((event) =>
        event.type === 'part-delta' && event.delta.type === 'text' ? [event.delta.text] : [],
      ),
    ).toEqual(['He', 'llo'])
    expect(textsOf(response)).toEqual(['Hello'])
  })

  it('come from the finished response, where nothing else says them, once', () => {
    const { response } = run(
      created,
      textDelta(0, 'A'),
      done(0, message('msg_0', 'A')),
      ended('completed', { output: [message('other_id', 'A'), message('msg_9', 'B')] }),
    )
    expect(textsOf(response)).toEqual(['A', 'B'])
    expect(
      textsOf(run(created, ended('completed', { output: [message('msg_0', 'All.')] })).response),
    ).toEqual(['All.'])
  })

  it('are what the upstream states, where that contradicts what it streamed', () => {
    const { events, response } = run(
      created,
      textDelta(0, 'Draft'),
      done(0, message('msg_0', 'Final answer')),
      ended('completed'),
    )
    expect(textsOf(response)).toEqual(['Final answer'])
    expect(typesOf(events).filter((type) => type === 'part-delta text')).toHaveLength(1)
    // But nothing is not a statement.
    expect(
      textsOf(
        run(created, textDelta(0, 'Draft'), done(0, message('msg_0', '')), ended('completed')).response,
      ),
    ).toEqual(['Draft'])
  })

  it('of one message are a group with its id, status and phase', () => {
    const item = { ...message('msg_0', 'a', 'b'), phase: 'final_answer' }
    const { response } = run(
      created,
      added(0, { ...item, status: 'in_progress', content: [] }),
      textDelta(0, 'a'),
      textDelta(0, 'b', 1),
      done(0, item),
      ended('completed'),
    )
    const group = {
      id: 'msg_0',
      extra: { 'openai-responses': { phase: 'final_answer', $status: 'completed' } },
    }
    expect(response.parts).toMatchObject([
      { text: 'a', group },
      { text: 'b', group },
    ])
  })

  it('may be empty, and the message is there all the same', () => {
    const { response } = run(created, done(0, message('msg_0')), ended('completed'))
    expect(response.parts).toMatchObject([{ type: 'text', text: '', group: { id: 'msg_0' } }])
  })

  it('bring sources and log probabilities', () => {
    const annotation = {
      type: 'url_citation',
      url: 'https://example.com',
      title: 'T',
      start_index: 0,
      end_index: 2,
    }
    const logprob = { token: 'So', logprob: -0.1 }
    const { response } = run(
      created,
      frame('response.output_text.delta', {
        output_index: 0,
        content_index: 0,
        delta: 'So',
        logprobs: [logprob],
      }),
      frame('response.output_text.annotation.added', {
        output_index: 0,
        content_index: 0,
        annotation_index: 0,
        annotation,
      }),
      ended('completed'),
    )
    expect(response.parts).toMatchObject([
      {
        text: 'So',
        logprobs: [logprob],
        citations: [{ kind: 'url', url: 'https://example.com', title: 'T', start: 0, end: 2 }],
      },
    ])
    const told = [{ type: 'output_text', text: 'So', annotations: [annotation] }]
    const twice = run(
      created,
      textDelta(0, 'So'),
      frame('response.output_text.annotation.added', { output_index: 0, content_index: 0, annotation }),
      done(0, { ...message('m'), content: told }),
      ended('completed'),
    )
    expect(typesOf(twice.events).filter((type) => type === 'part-delta citation')).toHaveLength(1)
    const late = run(
      created,
      textDelta(0, 'So'),
      done(0, { ...message('m'), content: [{ type: 'output_text', text: 'So', annotations: [annotation] }] }),
      ended('completed'),
    )
    expect(typesOf(late.events)).toContain('part-delta citation')
  })

  it('may be refusals', () => {
    const { response } = run(
      created,
      frame('response.refusal.delta', { output_index: 0, content_index: 0, delta: 'No' }),
      frame('response.refusal.done', { output_index: 0, content_index: 0, refusal: 'No.' }),
      ended('completed'),
    )
    expect(response.parts).toMatchObject([{ type: 'refusal', text: 'No.' }])
    expect(response.finish).toEqual({ reason: 'stop', raw: 'completed' })
  })
})

describe('calls', () => {
  const look = (args: string, more: JsonObject = {}): JsonObject => ({
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name: 'look',
    arguments: args,
    ...more,
  })
  const argsDelta = (delta: string): Frame =>
    frame('response.function_call_arguments.delta', { output_index: 0, item_id: 'fc_1', delta })

  it('keep their arguments as the model wrote them, from wherever they come', () => {
    const args = '{ "n": 9007199254740993 }'
    const streams: readonly (readonly Frame[])[] = [
      [added(0, look('')), argsDelta(args.slice(0, 5)), argsDelta(args.slice(5)), done(0, look(args))],
      [
        added(0, look('')),
        frame('response.function_call_arguments.done', { output_index: 0, arguments: args }),
      ],
      [added(0, look('')), done(0, look(args))],
      [added(0, look(args)), done(0, look(''))],
      [argsDelta('lost'), done(0, look(args))],
      [done(0, look(args))],
    ]
    for (const frames of streams) {
      const { events, response } = run(created, ...frames, ended('completed'))
      expect(response.parts).toMatchObject([
        { type: 'tool_call', kind: 'function', callId: 'call_1', name: 'look', arguments: args },
      ])
      const streamed = events.flatMap((event) =>
        event.type === 'part-delta' && event.delta.type === 'arguments' ? [event.delta.text] : [],
      )
      expect(streamed.join('')).toBe(args)
      expect(response.finish).toEqual({ reason: 'tool_calls', raw: 'completed' })
    }
    expect(run(created, ended('completed', { output: [look(args)] })).response.finish?.reason).toBe(
      'tool_calls',
    )
  })

  it('may be freeform, in a namespace, of a program', () => {
    const item = {
      type: 'custom_tool_call',
      id: 'ctc_1',
      call_id: 'c',
      name: 'apply_patch',
      namespace: 'edit',
      input: '*** Begin\n',
      caller: { type: 'program', caller_id: 'p' },
    }
    const { response } = run(
      created,
      added(0, { ...item, input: '' }),
      frame('response.custom_tool_call_input.delta', { output_index: 0, delta: '*** ' }),
      frame('response.custom_tool_call_input.done', { output_index: 0, input: '*** Begin\n' }),
      done(0, item),
      ended('completed'),
    )
    expect(response.parts).toMatchObject([
      {
        kind: 'custom',
        callId: 'c',
        name: 'apply_patch',
        namespace: 'edit',
        arguments: '*** Begin\n',
        caller: { type: 'program', id: 'p' },
        id: 'ctc_1',
      },
    ])
  })

  it('stand in order, a hundred at once, interleaved', () => {
    const count = 100
    const each = Array.from({ length: count }, (_, index) => index)
    const item = (index: number, args: string): JsonObject => ({
      type: 'function_call',
      id: `fc_${index}`,
      call_id: `call_${index}`,
      name: 'look',
      arguments: args,
    })
    const { response } = run(
      created,
      ...each.map((index) => added(index * 2, item(index, ''))),
      ...['{"a"', ':', '1}'].flatMap((delta) =>
        each.map((index) =>
          frame('response.function_call_arguments.delta', { item_id: `fc_${index}`, delta }),
        ),
      ),
      ...each.toReversed().map((index) => done(index * 2, item(index, '{"a":1}'))),
      ended('completed', { output: each.map((index) => item(index, '{"a":1}')) }),
    )
    expect(
      response.parts.map((part) => (part.type === 'tool_call' ? [part.callId, part.arguments] : [])),
    ).toEqual(each.map((index) => [`call_${index}`, '{"a":1}']))
  })

  it('get an id where the host gives none, the same whole and streamed', () => {
    const bare = { type: 'function_call', name: 'look', arguments: '{}' }
    const { response } = run(created, done(0, bare), ended('completed'))
    expect(response.parts).toMatchObject([{ callId: 'call_resp1_0' }])
  })

  it('of the vendor’s own tools show their progress to their own wire', () => {
    const item = {
      type: 'web_search_call',
      id: 'ws_1',
      status: 'completed',
      action: { type: 'search', query: 'x' },
    }
    const { events, response } = run(
      created,
      added(0, { type: 'web_search_call', id: 'ws_1', status: 'in_progress', action: {} }),
      frame('response.web_search_call.searching', { output_index: 0, item_id: 'ws_1' }),
      done(0, item),
      ended('completed', {
        tool_usage: { web_search: { num_requests: 2 } },
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      }),
    )
    expect(typesOf(events).slice(1, 5)).toEqual([
      'part-start',
      'part-delta native',
      'part-delta arguments',
      'part-end',
    ])
    expect(response.parts).toMatchObject([
      {
        type: 'server_tool_call',
        tool: 'web_search',
        arguments: '{"type":"search","query":"x"}',
        native: { value: item },
      },
    ])
    expect(response.usage?.units).toEqual({ web_search: 2 })
    expect(response.finish?.reason).toBe('stop')
  })

  it('that are answered inside the answer are not left to the client', () => {
    const call = { type: 'shell_call', id: 'sh', call_id: 'c', action: { commands: ['ls'] } }
    const output = {
      type: 'shell_call_output',
      id: 'sho',
      call_id: 'c',
      output: [{ stdout: 'a.txt', stderr: '' }],
    }
    expect(run(created, done(0, call), ended('completed')).response.finish?.reason).toBe('tool_calls')
    const answered = run(created, done(0, call), done(1, output), ended('completed')).response
    expect(answered.finish?.reason).toBe('stop')
    expect(answered.parts[1]).toMatchObject({
      type: 'server_tool_result',
      tool: 'shell',
      callId: 'c',
      parts: [{ text: 'a.txt' }],
    })
    const program = run(
      created,
      done(0, { type: 'program', id: 'p', call_id: 'prog', code: 'look()' }),
      done(1, look('{}', { caller: { type: 'program', caller_id: 'prog' } })),
      done(2, { type: 'program_output', id: 'o', call_id: 'prog', result: '42' }),
      ended('completed'),
    ).response
    expect(program.finish?.reason).toBe('stop')
    expect(program.parts[2]).toMatchObject({
      type: 'server_tool_result',
      tool: 'code_execution',
      parts: [{ text: '42' }],
    })
  })

  it('stream code as it is written', () => {
    const item = {
      type: 'code_interpreter_call',
      id: 'ci',
      code: 'print("ü")',
      container_id: 'cntr',
      outputs: null,
      status: 'completed',
    }
    const { response } = run(
      created,
      added(0, { ...item, code: '' }),
      frame('response.code_interpreter_call_code.delta', { output_index: 0, item_id: 'ci', delta: 'print(' }),
      frame('response.code_interpreter_call_code.done', {
        output_index: 0,
        item_id: 'ci',
        code: 'print("ü")',
      }),
      done(0, item),
      ended('completed'),
    )
    expect(response.parts).toMatchObject([
      { type: 'server_tool_call', tool: 'code_execution', arguments: 'print("ü")', native: { value: item } },
    ])
  })
})

describe('thinking', () => {
  const state = (encrypted_content: string): JsonObject => ({
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'So it is.' }],
    encrypted_content,
  })
  const summary = (delta: string, summary_index = 0): Frame =>
    frame('response.reasoning_summary_text.delta', { output_index: 0, item_id: 'rs_1', summary_index, delta })

  it('keeps the state of the finished item, not of its start', () => {
    const { events, response } = run(
      created,
      added(0, state('early')),
      summary(' Yes', 1),
      done(0, {
        ...state('late'),
        summary: [
          { type: 'summary_text', text: 'So it is.' },
          { type: 'summary_text', text: ' Yes.' },
        ],
      }),
      ended('completed', { output: [state('third')] }),
    )
    expect(JSON.stringify(events)).not.toMatch(/early|third/)
    expect(response.parts).toEqual([
      {
        type: 'reasoning',
        id: 'rs_1',
        segments: [
          { kind: 'summary', text: 'So it is.' },
          { kind: 'summary', text: ' Yes.' },
        ],
        custody: { protocol: 'openai-responses', format: 'encrypted', blob: 'late' },
      },
    ])
    expect(typesOf(events)).toContain('part-delta custody')
  })

  it('may be the chain itself, in all of the names it has', () => {
    for (const name of ['reasoning_text', 'reasoning']) {
      const { response } = run(
        created,
        added(0, { type: 'reasoning', id: 'rs_1', summary: [] }),
        frame('response.content_part.added', {
          output_index: 0,
          content_index: 0,
          part: { type: 'reasoning_text', text: '' },
        }),
        frame(`response.${name}.delta`, { output_index: 0, content_index: 0, delta: 'Hm' }),
        frame(`response.${name}.done`, { output_index: 0, content_index: 0, text: 'Hm.' }),
        done(0, { type: 'reasoning', id: 'rs_1', summary: [] }),
        ended('completed'),
      )
      // The host forgets in the end what it streamed.
      expect(response.parts).toMatchObject([{ type: 'reasoning', segments: [{ kind: 'text', text: 'Hm.' }] }])
    }
  })
})

describe('ends', () => {
  it('say why, with what was counted', () => {
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 15,
    }
    const { events, response } = run(
      created,
      textDelta(0, 'A'),
      ended('incomplete', {
        incomplete_details: { reason: 'max_output_tokens' },
        usage,
        max_output_tokens: 5,
      }),
    )
    expect(typesOf(events).slice(-3)).toEqual(['usage', 'finish', 'end'])
    expect(response.finish).toEqual({ reason: 'length', raw: 'max_output_tokens' })
    expect(response.usage).toMatchObject({
      tokens: { input: 5, cache_read: 4, cache_write: 1, output: 3, reasoning: 2 },
      final: true,
    })
    expect(response.extra?.['openai-responses']).toMatchObject({ store: false, max_output_tokens: 5 })
    expect(
      run(created, ended('incomplete', { incomplete_details: { reason: 'content_filter' } })).response.finish
        ?.reason,
    ).toBe('content_filter')
  })

  it('that the frame and its response tell differently are the worse of the two', () => {
    expect(run(created, ended('completed', { status: 'in_progress' })).response.finish).toEqual({
      reason: 'stop',
      raw: 'completed',
    })
    expect(run(created, ended('failed', { status: 'completed' })).response.error?.class).toBe(
      'upstream_failed',
    )
    expect(
      run(
        created,
        ended('completed', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
      ).response.finish?.reason,
    ).toBe('length')
    expect(run(created, frame('response.completed')).response.finish?.reason).toBe('stop')
    expect(run(created, frame('response.done', { response: { id: 'resp_1' } })).response.finish?.reason).toBe(
      'stop',
    )
  })

  it('that fail are errors, with what was counted before', () => {
    const failed = ended('failed', {
      error: { code: 'rate_limit_exceeded', message: 'Rate limit reached. Please try again in 1.5s.' },
      usage: { input_tokens: 3, output_tokens: 0, total_tokens: 3 },
    })
    const { events, response } = run(created, textDelta(0, 'A'), failed)
    expect(typesOf(events).slice(-3)).toEqual(['usage', 'error', 'end'])
    expect(response.error).toMatchObject({
      class: 'rate_limited',
      code: 'rate_limit_exceeded',
      retryAfterMs: 1500,
      retryable: true,
      source: 'upstream',
    })
    expect(run(created, ended('cancelled')).response.error?.class).toBe('cancelled')
  })

  it('may be an error frame of either form, and the failed response after it', () => {
    const flat = frame('error', {
      code: 'server_is_overloaded',
      message: 'Busy.',
      param: null,
      sequence_number: 2,
    })
    const nested = frame('error', {
      error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'Pay.' },
    })
    const bare: Frame = {
      data: JSON.stringify({
        error: { message: 'prompt is too long: 9 tokens > 8 maximum', type: 'invalid_request_error' },
      }),
    }
    expect(run(created, flat).response.error).toMatchObject({ class: 'overloaded', message: 'Busy.' })
    expect(run(created, nested).response.error?.class).toBe('insufficient_funds')
    expect(run(bare).response.error?.class).toBe('context_length')
    expect(
      typesOf(run(created, flat, ended('failed'), ended('completed'), textDelta(0, 'x')).events),
    ).toEqual(['start', 'error', 'end'])
  })

  it('without a last frame are errors, never an end', () => {
    for (const frames of [
      [],
      [created],
      [created, textDelta(0, 'A')],
      [created, done(0, message('m', 'A'))],
      [created, { data: '[DONE]' }],
    ]) {
      const { events, response } = run(...frames)
      expect(response.error).toMatchObject({ class: 'upstream_truncated', retryable: true })
      expect(typesOf(events)).not.toContain('finish')
    }
  })

  it('are not followed by anything', () => {
    expect(typesOf(run(created, ended('completed'), textDelta(0, 'x'), created).events)).toEqual([
      'start',
      'finish',
      'end',
    ])
  })

  it('of a page or half a frame are errors', () => {
    for (const data of ['<html></html>', '{"type":"response.cre', '[1]', '"text"', 'null']) {
      expect(run(created, { data }).response.error?.class).toBe('upstream_failed')
    }
  })
})

describe('what the codec does not know', () => {
  it('passes as raw frames', () => {
    const odd = frame('response.odd.thing', { x: 1 })
    const { events } = run(
      frame('prelude'),
      created,
      frame('response.in_progress', { response: {} }),
      odd,
      ended('completed'),
    )
    expect(events.filter(({ type }) => type === 'raw')).toHaveLength(3)
    expect(events.find((event) => event.type === 'raw' && event.data === odd.data)).toEqual({
      type: 'raw',
      protocol: 'openai-responses',
      event: 'response.odd.thing',
      data: odd.data,
    })
  })

  it('is an item with its exact object', () => {
    const odd = { type: 'hologram', id: 'h', text: 'Shown.', deep: { a: [1] } }
    const { response } = run(
      created,
      added(0, { type: 'hologram', id: 'h' }),
      frame('response.hologram.spinning', { output_index: 0 }),
      done(0, odd),
      ended('completed'),
    )
    expect(response.parts).toEqual([
      { type: 'native', id: 'h', text: 'Shown.', native: { protocol: 'openai-responses', value: odd } },
    ])
  })

  it('is a ping when it says so', () => {
    expect(
      typesOf(run(frame('ping'), { event: 'keepalive', data: '{}' }, created, ended('completed')).events),
    ).toEqual(['keep-alive', 'keep-alive', 'start', 'finish', 'end'])
  })

  it('may be a second beginning', () => {
    const again = frame('response.created', { response: { id: 'resp_2', status: 'in_progress' } })
    const { events, response } = run(
      created,
      textDelta(0, 'A'),
      again,
      textDelta(0, 'B'),
      ended('completed', { id: 'resp_2' }),
    )
    expect(typesOf(events)).toContain('restart')
    expect([response.id, textsOf(response)]).toEqual(['resp_2', ['B']])
  })

  it('is a queued response that begins later', () => {
    const queued = frame('response.queued', { response: { id: 'resp_1', status: 'queued' } })
    expect(
      typesOf(
        run(
          queued,
          created,
          frame('response.in_progress', { response: { id: 'resp_1' } }),
          ended('completed'),
        ).events,
      ),
    ).toEqual(['start', 'raw', 'raw', 'finish', 'end'])
  })
})

it('reads ten times the items in about ten times the time', () => {
  const cost = (count: number): number => {
    const item = (index: number): JsonObject => ({
      type: 'function_call',
      id: `fc_${index}`,
      call_id: '',
      name: 'f',
      arguments: '',
    })
    const frames = [
      created,
      ...Array.from({ length: count }, (_, index) => added(index, item(index))),
      ...Array.from({ length: count }, (_, index) =>
        frame('response.function_call_arguments.delta', { output_index: index % 7, delta: 'xyz' }),
      ),
      ended('completed', {
        output: Array.from({ length: count }, () => ({ ...item(0), id: 'new' }) as JsonObject),
      }),
    ]
    const start = performance.now()
    const parts: readonly Part[] = run(...frames).response.parts
    expect(parts).toHaveLength(count)
    return performance.now() - start
  }
  const best = (count: number): number => Math.min(cost(count), cost(count), cost(count))
  best(200)
  expect(best(10_000) / best(1000)).toBeLessThan(40)
})
