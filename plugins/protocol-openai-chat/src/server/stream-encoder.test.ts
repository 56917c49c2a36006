import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  GatewayError,
  type GatewayEvent,
  type JsonObject,
  type Loss,
  type OutputFrame,
  type Part,
} from '@gantry/core'
import { accumulate, eventsOf } from '@gantry/core/codec'
import { encodeFrame } from '@gantry/wire'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventsIn, serverContext } from '../recorded.fixture.ts'
import { encodeResponse } from './encode-response.ts'
import { streamEncoder } from './stream-encoder.ts'

const encode = (
  events: readonly GatewayEvent[],
  context: Parameters<typeof serverContext>[0] = {},
): readonly OutputFrame[] => {
  const frames: OutputFrame[] = []
  const encoder = streamEncoder(serverContext(context))
  for (const event of events) encoder.push(event, (frame) => frames.push(frame))
  return frames
}
const chunks = (frames: readonly OutputFrame[]): readonly JsonObject[] =>
  frames.flatMap((frame) =>
    'data' in frame && frame.data !== '[DONE]' ? [JSON.parse(frame.data) as JsonObject] : [],
  )
const start: GatewayEvent = { type: 'start', id: 'chatcmpl-1', model: 'm', createdAt: 1 }
const call = (callId: string, name: string, kind: 'function' | 'custom' = 'function'): Part => ({
  type: 'tool_call',
  kind,
  callId,
  name,
  arguments: '',
})

/** Thinking, text, two interleaved calls, a freeform one, and usage. */
const turn: readonly GatewayEvent[] = [
  start,
  { type: 'part-start', index: 0, part: { type: 'reasoning', segments: [] } },
  { type: 'part-delta', index: 0, delta: { type: 'reasoning', segment: 0, kind: 'summary', text: 'one' } },
  { type: 'part-delta', index: 0, delta: { type: 'reasoning', segment: 1, kind: 'summary', text: 'two' } },
  {
    type: 'part-delta',
    index: 0,
    delta: {
      type: 'custody',
      custody: { protocol: 'openai-chat', format: 'reasoning_details', blob: 'gantry1.AAAA' },
    },
  },
  { type: 'part-end', index: 0 },
  { type: 'part-start', index: 1, part: { type: 'text', text: '' } },
  { type: 'part-delta', index: 1, delta: { type: 'text', text: 'Grüße ' } },
  { type: 'part-delta', index: 1, delta: { type: 'text', text: '"you"\n' } },
  { type: 'part-end', index: 1 },
  { type: 'part-start', index: 2, part: call('call_a', 'f') },
  { type: 'part-start', index: 3, part: call('call_b', 'g') },
  { type: 'part-delta', index: 2, delta: { type: 'arguments', text: '{"a":' } },
  { type: 'part-delta', index: 3, delta: { type: 'arguments', text: '{}' } },
  { type: 'part-delta', index: 2, delta: { type: 'arguments', text: '1}' } },
  { type: 'part-end', index: 2 },
  { type: 'part-end', index: 3 },
  { type: 'part-start', index: 4, part: call('call_c', 'patch', 'custom') },
  { type: 'part-delta', index: 4, delta: { type: 'arguments', text: '*** Begin' } },
  { type: 'part-end', index: 4 },
  { type: 'finish', finish: { reason: 'tool_calls' } },
  {
    type: 'usage',
    usage: { tokens: { input: 5, output: 3, reasoning: 2 }, source: 'upstream', final: true },
  },
  { type: 'end' },
]

describe('what the strictest readers need', () => {
  const written = chunks(encode(turn))
  const choices = written.flatMap((chunk) => chunk['choices'] as JsonObject[])
  const deltas = choices.map((choice) => choice['delta'] as JsonObject)

  test('every chunk has the head and choices, the role comes once and first', () => {
    for (const chunk of written) {
      expect(chunk).toMatchObject({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
      })
      expect(Array.isArray(chunk['choices'])).toBe(true)
    }
    expect(deltas.filter(({ role }) => role !== undefined)).toHaveLength(1)
    expect(deltas[0]).toMatchObject({ role: 'assistant' })
  })

  test('calls are numbered, their first delta has type, name and empty arguments, later ones only the rest', () => {
    const calls = deltas.flatMap((delta) => (delta['tool_calls'] as JsonObject[] | undefined) ?? [])
    expect(calls).toEqual([
      { index: 0, id: 'call_a', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 1, id: 'call_b', type: 'function', function: { name: 'g', arguments: '' } },
      { index: 0, function: { arguments: '{"a":' } },
      { index: 1, function: { arguments: '{}' } },
      { index: 0, function: { arguments: '1}' } },
      { index: 2, id: 'call_c', type: 'custom', custom: { name: 'patch', input: '' } },
      { index: 2, custom: { input: '*** Begin' } },
    ])
  })

  test('thinking, its envelope, the reason, usage, the end', () => {
    expect(deltas.map((delta) => delta['reasoning_content'] ?? '').join('')).toBe('one\n\ntwo')
    expect(deltas.flatMap((delta) => delta['reasoning_details'] ?? [])).toEqual([
      { type: 'reasoning.encrypted', format: 'gantry-v1', data: 'gantry1.AAAA', index: 0 },
    ])
    expect(choices.at(-1)).toEqual({ index: 0, delta: {}, finish_reason: 'tool_calls' })
    expect(written.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 5,
        completion_tokens: 5,
        total_tokens: 10,
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    })
    expect(encode(turn).at(-1)).toEqual({ data: '[DONE]' })
    expect(encode(turn).every((frame) => 'comment' in frame || frame.event === undefined)).toBe(true)
  })

  test('no usage unless it was asked for', () => {
    const quiet = chunks(encode(turn, { request: { model: 'm', stream: true, turns: [] } }))
    expect(quiet.some((chunk) => chunk['usage'] !== undefined)).toBe(false)
    expect(quiet.every((chunk) => (chunk['choices'] as JsonObject[]).length === 1)).toBe(true)
  })
})

test('an error ends the stream without [DONE], and nothing follows', () => {
  const { data } = new GatewayError({ class: 'overloaded', message: 'Busy.' })
  const frames = encode([
    ...turn.slice(0, 8),
    { type: 'error', error: data },
    { type: 'end' },
    ...turn.slice(8),
  ])
  expect(frames.at(-1)).toEqual({
    data: '{"error":{"message":"Busy. (request id: req_1)","type":"server_error","param":null,"code":"server_is_overloaded"}}',
  })
  expect(frames).not.toContainEqual({ data: '[DONE]' })
})

test('keep-alive is a comment, raw frames of this protocol pass, others do not', () => {
  expect(
    encode([
      { type: 'keep-alive' },
      { type: 'raw', protocol: 'openai-chat', data: '{"choices":[],"x":1}' },
      { type: 'raw', protocol: 'anthropic-messages', event: 'x', data: '{}' },
    ]),
  ).toEqual([{ comment: 'keep-alive' }, { data: '{"choices":[],"x":1}' }])
})

test('an empty answer still has role and reason; ids and model are made where missing', () => {
  const frames = encode([
    { type: 'start' },
    { type: 'finish', finish: { reason: 'refusal' } },
    { type: 'end' },
  ])
  expect(chunks(frames)).toEqual([
    {
      id: 'chatcmpl-req_1',
      object: 'chat.completion.chunk',
      created: expect.any(Number) as number,
      model: 'asked',
      choices: [{ index: 0, delta: { role: 'assistant', content: null }, finish_reason: 'content_filter' }],
    },
  ])
})

test('several choices keep their own role and reason', () => {
  const frames = chunks(
    encode([
      start,
      ...[0, 1].flatMap((choice): GatewayEvent[] => [
        { type: 'part-start', index: 0, part: { type: 'text', text: '' }, choice },
        { type: 'part-delta', index: 0, delta: { type: 'text', text: `t${choice}` }, choice },
        { type: 'part-end', index: 0, choice },
      ]),
      { type: 'finish', finish: { reason: 'stop' }, choice: 0 },
      { type: 'finish', finish: { reason: 'length' }, choice: 1 },
      { type: 'end' },
    ]),
  ).flatMap((chunk) => chunk['choices'] as JsonObject[])
  for (const [index, reason] of [
    [0, 'stop'],
    [1, 'length'],
  ] as const) {
    const own = frames.filter((choice) => choice['index'] === index)
    expect(own.filter((choice) => (choice['delta'] as JsonObject)['role'] !== undefined)).toHaveLength(1)
    expect(own.at(-1)).toMatchObject({ finish_reason: reason })
  }
})

test('parts that chat cannot show are reported once, streamed or whole', () => {
  const native = { protocol: 'anthropic-messages', value: {} }
  const parts: readonly Part[] = [
    {
      type: 'server_tool_call',
      tool: 'web_search',
      callId: 's',
      name: 'web_search',
      arguments: '{}',
      native,
    },
    { type: 'server_tool_result', tool: 'web_search', callId: 's', parts: [], native },
    {
      type: 'text',
      text: 'found',
      citations: [
        { kind: 'url', url: 'https://example.com', start: 0, end: 5, native },
        { kind: 'other', native },
      ],
    },
    { type: 'compaction' },
    { type: 'native', native, text: 'shown' },
  ]
  const wanted = [
    ['/parts/0', 'part.server_tool_call', 'dropped'],
    ['/parts/1', 'part.server_tool_result', 'dropped'],
    ['/parts/2', 'part.citation', 'dropped'],
    ['/parts/3', 'part.compaction', 'dropped'],
    ['/parts/4', 'part.native', 'approximated'],
  ]
  const whole: Loss[] = []
  const streamed: Loss[] = []
  const response = { parts, finish: { reason: 'stop' as const } }
  const body = encodeResponse(response, serverContext({ report: (loss) => whole.push(loss) }))
  const events: GatewayEvent[] = []
  eventsOf(response, (event) => events.push(event))
  const frames = encode(events, { report: (loss) => streamed.push(loss) })
  expect(whole.map(({ pointer, what, how }) => [pointer, what, how])).toEqual(wanted)
  expect(streamed.map(({ pointer, what, how }) => [pointer, what, how])).toEqual(wanted)
  expect(body).toMatchObject({
    choices: [
      {
        message: {
          content: 'foundshown',
          annotations: [
            {
              type: 'url_citation',
              url_citation: { url: 'https://example.com', start_index: 0, end_index: 5 },
            },
          ],
        },
      },
    ],
  })
  const folded = accumulate()
  for (const event of eventsIn(frames.filter((frame) => 'data' in frame))) folded.push(event)
  expect(folded.response().parts[0]).toMatchObject({ type: 'text', text: 'foundshown' })
})

test('calls that a program made and got answered are not offered again', () => {
  const losses: Loss[] = []
  const native = { protocol: 'openai-responses', value: {} }
  const body = encodeResponse(
    {
      parts: [
        {
          type: 'tool_call',
          kind: 'function',
          callId: 'a',
          name: 'f',
          arguments: '{}',
          caller: { type: 'program', id: 'p' },
        },
        { type: 'server_tool_result', tool: 'code_execution', callId: 'p', parts: [], native },
        {
          type: 'tool_call',
          kind: 'function',
          callId: 'b',
          name: 'f',
          arguments: '{}',
          caller: { type: 'direct' },
        },
      ],
      finish: { reason: 'tool_calls' },
    },
    serverContext({ report: (loss) => losses.push(loss) }),
  )
  expect(body).toMatchObject({ choices: [{ message: { tool_calls: [{ id: 'b' }] } }] })
  expect(losses.map(({ what }) => what)).toEqual(['tool_call.answered', 'part.server_tool_result'])
})

describe('the official SDK', () => {
  let server: Server
  let client: OpenAI
  let events: readonly GatewayEvent[] = turn
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const frame of encode(events)) response.write(encodeFrame(frame))
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    client = new OpenAI({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 })
  })
  afterAll(() => void server.close())
  const ask = (): ReturnType<OpenAI['chat']['completions']['stream']> =>
    client.chat.completions.stream({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      stream_options: { include_usage: true },
    })

  test('stream() builds the message, its calls and usage', async () => {
    events = turn
    const final = await ask().finalChatCompletion()
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'Grüße "you"\n',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
          { id: 'call_b', type: 'function', function: { name: 'g', arguments: '{}' } },
          { id: 'call_c', type: 'custom', custom: { name: 'patch', input: '*** Begin' } },
        ],
      },
    })
    expect(final.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 5 })
  })

  test('stream() raises the error of a stream that fails', async () => {
    const { data } = new GatewayError({ class: 'upstream_failed', message: 'Gone.' })
    events = [...turn.slice(0, 8), { type: 'error', error: data }]
    await expect(ask().finalChatCompletion()).rejects.toThrow('Gone. (request id: req_1)')
  })

  test('a cut stream is not taken for a whole one', async () => {
    events = turn.slice(0, 8)
    await expect(ask().finalChatCompletion()).rejects.toThrow(/finish_reason/)
  })
})
