import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, type FakeUpstream } from '@gantry/testing'
import { readStream, type Wire, wires } from '../conversion/reading.ts'
import { readStrictly } from '../conversion/strict.ts'
import { compose, type Composed } from '../support/compose.ts'
import { ask, expectError, type Fault, open, plain } from './asked.ts'

let upstream: FakeUpstream
let composed: Composed

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const baseUrl = `${upstream.url}/v1`
  composed = await compose({
    plugins: [openaiResponses()],
    config: {
      providers: {
        chat: openaiCompatible({ baseUrl, apiKey: 'k' }),
        responses: openaiCompatible({ baseUrl, apiKey: 'k', speaks: ['openai-responses'] }),
        claude: anthropic({ baseUrl, apiKey: 'k' }),
      },
      models: {
        'openai-chat': { to: 'chat/m', price: 'free' },
        'openai-responses': { to: 'responses/m', price: 'free' },
        'anthropic-messages': { to: 'claude/claude-sonnet-4-5', price: 'free', maxOutputTokens: 8192 },
      },
    },
  })
})
afterEach(async () => {
  // Whatever an upstream did, the next request is served.
  for (const wire of wires) {
    answer(good[wire])
    const response = await open(composed, wire, { ...plain(wire, 'hi'), model: wire, stream: true })
    expect(readStream(wire, await response.text()).text).toBe('fine')
  }
})
afterAll(async () => {
  await composed?.close()
  await upstream?.close()
})

interface Event {
  readonly event?: string
  readonly data: string
}

/** Streams these events, a piece each. */
function answer(events: readonly Event[]): void {
  upstream.replyWith(() => ({ events, paceMs: 2 }))
}

const chunk = (delta: JsonObject, finish: string | null = null): Event => ({
  data: JSON.stringify({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
  }),
})
const named = (data: JsonObject): Event => ({ event: String(data['type']), data: JSON.stringify(data) })
const numbered = (events: readonly JsonObject[]): readonly Event[] =>
  events.map((data, index) => named({ ...data, sequence_number: index }))

const response = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'm',
  status: 'in_progress',
  output: [],
}
const item = { id: 'msg_1', type: 'message', role: 'assistant' }
const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
const part = { type: 'output_text', text: 'fine', annotations: [] }

/** A stream that says `fine`, on each wire; text is the event before the one named in `after`. */
const good: { readonly [wire in Wire]: readonly Event[] } = {
  'openai-chat': [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'fine' }),
    chunk({}, 'stop'),
    { data: '[DONE]' },
  ],
  'openai-responses': numbered([
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { ...item, status: 'in_progress', content: [] },
    },
    { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...place, delta: 'fine', logprobs: [] },
    { type: 'response.output_text.done', ...place, text: 'fine', logprobs: [] },
    { type: 'response.content_part.done', ...place, part },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { ...item, status: 'completed', content: [part] },
    },
    {
      type: 'response.completed',
      response: {
        ...response,
        status: 'completed',
        output: [{ ...item, status: 'completed', content: [part] }],
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      },
    },
  ]),
  'anthropic-messages': [
    named({
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'fine' } }),
    named({ type: 'content_block_stop', index: 0 }),
    named({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 1 },
    }),
    named({ type: 'message_stop' }),
  ],
}

/** How many events it takes until the text is said. */
const said: { readonly [wire in Wire]: number } = {
  'openai-chat': 2,
  'openai-responses': 5,
  'anthropic-messages': 3,
}

/** An event that nobody has heard of. */
const odd: { readonly [wire in Wire]: Event } = {
  'openai-chat': { data: '{"id":"c1","object":"chat.completion.odd","odd":{"x":1}}' },
  'openai-responses': named({ type: 'response.odd', sequence_number: 99, odd: { x: 1 } }),
  'anthropic-messages': named({ type: 'odd_event', odd: { x: 1 } }),
}

/** The vendor's word for being overloaded, inside a 200. */
const overloaded: { readonly [wire in Wire]: JsonObject } = {
  'openai-chat': { error: { message: 'Overloaded', type: 'server_error', code: 'server_is_overloaded' } },
  'openai-responses': {
    type: 'error',
    sequence_number: 0,
    error: { message: 'Overloaded', type: 'server_error', code: 'server_is_overloaded' },
  },
  'anthropic-messages': { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
}
const overload = (wire: Wire): Event =>
  wire === 'openai-chat' ? { data: JSON.stringify(overloaded[wire]) } : named(overloaded[wire])

/** What a client of each wire is told of it. */
const told: { readonly [wire in Wire]: Fault } = {
  'openai-chat': { status: 503, type: 'server_error', code: 'server_is_overloaded', source: 'upstream' },
  'openai-responses': { status: 503, type: 'server_error', code: 'server_is_overloaded', source: 'upstream' },
  'anthropic-messages': { status: 529, type: 'overloaded_error', source: 'upstream' },
}

const ends: { readonly [wire in Wire]: RegExp } = {
  'openai-chat': /data: \[DONE\]|"finish_reason":"/,
  'openai-responses': /response\.(completed|incomplete)/,
  'anthropic-messages': /message_stop|"stop_reason":"/,
}

/** An error in a stream, in the shape that the clients of the wire know, with the id of the request. */
const fails: { readonly [wire in Wire]: RegExp } = {
  'openai-chat':
    /data: \{"error":\{"message":"[^"]{10,} \(request id: req_\w+\)","type":"server_error"[^\n]*\n\n$/,
  'openai-responses':
    /event: error\ndata: [^\n]*\(request id: req_\w+\)[^\n]*\n\nevent: response\.failed\ndata: [^\n]*"status":"failed"[^\n]*\n\n$/,
  'anthropic-messages':
    /event: error\ndata: \{"type":"error","error":\{"type":"\w+_error","message":"[^"]{10,}"\},"request_id":"req_\w+"\}\n\n$/,
}

const pairs = wires.flatMap((from) => wires.map((wire) => ({ from, wire })))

async function stream(wire: Wire, from: Wire): Promise<{ status: number; text: string }> {
  const response = await open(composed, wire, { ...plain(wire, 'hi'), model: from, stream: true })
  return { status: response.status, text: await response.text() }
}

describe('an event of an unknown type', () => {
  it.each(pairs)('of $from is no concern of a client of $wire', async ({ from, wire }) => {
    for (const at of [0, 1, said[from]]) {
      answer([...good[from].slice(0, at), odd[from], ...good[from].slice(at)])
      const { status, text } = await stream(wire, from)
      expect(status).toBe(200)
      expect(readStream(wire, text)).toMatchObject({ text: 'fine', finish: 'stop' })
      // Relayed it is the client's to pass over; on another wire there is no word for it.
      if (from === wire) expect(text).toContain(odd[from].data)
      else {
        expect(text).not.toContain('odd')
        expect(() => readStrictly(wire, text)).not.toThrow()
      }
    }
  })
})

describe('a stream that ends without its last event', () => {
  it.each(pairs)('of $from ends as an error for a client of $wire', async ({ from, wire }) => {
    const settled = composed.settled.length
    answer(good[from].slice(0, said[from]))
    const { status, text } = await stream(wire, from)
    expect(status).toBe(200)
    expect(text).toContain('fine')
    expect(text).not.toMatch(ends[wire])
    expect(text).toMatch(fails[wire])
    await expect.poll(() => composed.settled.length).toBe(settled + 1)
    expect(composed.settled.at(-1)?.outcome).toBe('failed')
  })
})

describe('an overload inside a 200', () => {
  it.each(pairs)('of $from has its own status for a client of $wire', async ({ from, wire }) => {
    const body = { ...plain(wire, 'hi'), model: from }
    upstream.replyWith(() => ({ json: overloaded[from] }))
    expectError(wire, await ask(composed, wire, body), told[wire])
    for (const before of [0, 1]) {
      answer([...good[from].slice(0, before), overload(from)])
      expectError(wire, await ask(composed, wire, { ...body, stream: true }), told[wire])
    }
  })

  it.each(pairs)(
    'of $from after its first words is an error in the stream of $wire',
    async ({ from, wire }) => {
      upstream.replyWith(() => ({ events: [...good[from].slice(0, said[from]), overload(from)], paceMs: 60 }))
      const { status, text } = await stream(wire, from)
      expect(status).toBe(200)
      expect(text).toContain('fine')
      expect(text).not.toMatch(ends[wire])
      expect(text).toMatch(fails[wire])
    },
  )
})
