import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, faults, loadFixtures, type FakeUpstream, type Reply } from '@gantry/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'

let upstream: FakeUpstream
let composed: Composed
const rejections: unknown[] = []
const collect = (reason: unknown): void => void rejections.push(reason)

beforeEach(async () => {
  process.on('unhandledRejection', collect)
  upstream = await createFakeUpstream()
  const timeouts = { connectMs: 500, firstByteMs: 300, idleMs: 300, totalMs: 2000 }
  composed = await compose({
    config: {
      providers: {
        chat: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'canary-provider-key', timeouts }),
        claude: anthropic({ baseUrl: `${upstream.url}/v1`, apiKey: 'canary-provider-key', timeouts }),
      },
    },
  })
})
afterEach(async () => {
  await composed.close()
  await upstream.close()
  process.off('unhandledRejection', collect)
  expect(rejections).toEqual([])
})

const recorded = (folder: string, name: string): string =>
  loadFixtures(new URL(`../fixtures/${folder}`, import.meta.url)).find((one) => one.name === name)!
    .exchanges[0]!.response.sse!

const streams = {
  chat: recorded('chat', 'vercel-deepseek-tool-call.stream'),
  claude: recorded('anthropic', 'antsdk-tool_use_response'),
} as const
const frames = (model: keyof typeof streams): { data: string; event?: string }[] =>
  streams[model]
    .split('\n\n')
    .filter(Boolean)
    .map((frame) => {
      const event = /^event: (.*)$/m.exec(frame)?.[1]
      const data = /^data: (.*)$/m.exec(frame)?.[1] ?? ''
      return event === undefined ? { data } : { event, data }
    })
/** The first half of a tool call: begun, arguments not finished, no last frame. */
const begun = (model: keyof typeof streams): { data: string; event?: string }[] => {
  const all = frames(model)
  const last = all.findLastIndex((frame) => /"arguments":"[^"]|input_json_delta/.test(frame.data))
  return all.slice(0, last)
}

type Way = { model: 'chat' | 'claude'; stream: boolean }
const ways: readonly (Way & { name: string })[] = (['chat', 'claude'] as const).flatMap((model) =>
  [false, true].map((stream) => ({ model, stream, name: `${model}, ${stream ? 'streamed' : 'whole'}` })),
)

/** Breaks before anything was delivered: a status, no fallback here because there is one target. */
const before: { readonly [name: string]: { reply: (way: Way) => Reply; status: number } } = {
  'a web page with status 200': { reply: () => faults.html(), status: 502 },
  'an empty 200': { reply: () => faults.empty(), status: 502 },
  'an empty event stream': { reply: () => faults.empty('text/event-stream'), status: 502 },
  'an empty JSON object': { reply: () => ({ json: {} }), status: 502 },
  'JSON that is an array': { reply: () => ({ json: [] }), status: 502 },
  'half a JSON body': {
    reply: () => ({ headers: { 'content-type': 'application/json' }, body: '{"id":"x","choi' }),
    status: 502,
  },
  'plain text': {
    reply: () => ({ headers: { 'content-type': 'text/plain' }, body: 'Service is being updated' }),
    status: 502,
  },
  'an error object in a 200': {
    reply: () => ({ json: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } }),
    status: 503,
  },
  'status 500': { reply: () => faults.status(500), status: 502 },
  'status 503': { reply: () => faults.status(503), status: 503 },
  'status 529': {
    reply: () =>
      faults.status(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    status: 503,
  },
  'status 500 with a page': {
    reply: () => ({ status: 500, headers: { 'content-type': 'text/html' }, body: '<h1>nginx</h1>' }),
    status: 502,
  },
  'status 401': {
    reply: () =>
      faults.status(401, {
        error: { message: 'Incorrect API key provided: canary-provider-key', code: 'invalid_api_key' },
      }),
    status: 502,
  },
  'status 402': {
    reply: () => faults.status(402, { error: { message: 'Your credit balance is too low' } }),
    status: 502,
  },
  'status 403': { reply: () => faults.status(403), status: 502 },
  'status 429': {
    reply: () =>
      faults.status(
        429,
        { error: { message: 'slow down', type: 'rate_limit_error' } },
        { 'retry-after': '7' },
      ),
    status: 429,
  },
  'a quota error with 429': {
    reply: () =>
      faults.status(429, {
        error: {
          message: 'You exceeded your current quota',
          code: 'insufficient_quota',
          type: 'insufficient_quota',
        },
      }),
    status: 502,
  },
  'status 400': {
    reply: () =>
      faults.status(400, {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'temperature: bad' },
      }),
    status: 400,
  },
  'a redirect': {
    reply: () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/steal' } }),
    status: 502,
  },
  'a reset before the head': {
    reply: () => ({ headers: { 'content-type': 'text/event-stream' }, body: '', end: 'reset' }),
    status: 502,
  },
  'no answer at all': { reply: () => faults.silent(), status: 504 },
  'a head and then nothing': {
    reply: () => ({
      headers: { 'content-type': 'text/event-stream' },
      body: ': hi\n\n',
      stopAfter: 0,
      end: 'never',
    }),
    status: 504,
  },
  'a 40 MB line': { reply: () => faults.hugeLine(), status: 502 },
  'only pings': { reply: () => ({ events: [{ comment: 'ping' }, { comment: 'ping' }] }), status: 502 },
  'garbage frames': { reply: () => ({ events: [{ data: 'not json' }, { data: '{"half":' }] }), status: 502 },
}

describe.each(ways)('before the first byte: $name', (way) => {
  it.each(Object.keys(before))('%s', async (name) => {
    const { reply, status } = before[name]!
    upstream.reply(reply(way))
    const response = await composed.chat({ ...body(way), max_tokens: 100 })
    const text = await response.text()
    expect(response.status, text).toBe(
      name.includes('event stream') && !way.stream ? 502 : expectedStatus(name, way, status),
    )
    const { error } = JSON.parse(text) as { error: { message: string; type: string; code: unknown } }
    expect(error.message).toContain(response.headers.get('x-request-id'))
    expect(error.code).not.toBe('invalid_api_key')
    expect(error.code).not.toBe('insufficient_quota')
    expect(response.headers.get('x-gantry-error-source')).toBe('upstream')
    if (name === 'status 429') expect(response.headers.get('retry-after')).toBe('7')
    if (name === 'status 400') expect(error.message).toContain('temperature: bad')
    await resolved('failed', 'none')
    expect(text + JSON.stringify(composed.lines)).not.toContain('canary-provider-key')
  })
})

function expectedStatus(name: string, way: Way, status: number): number {
  // Only OpenAI has this code; to Anthropic's wire a 429 is a rate limit.
  if (name === 'a quota error with 429' && way.model === 'claude') return 429
  // A whole answer that is an event stream is refused at its head, before any timer.
  if (name === 'a head and then nothing' && !way.stream) return 502
  return status
}

/** Breaks after output was delivered: an error event, never a clean stop. */
const after: { readonly [name: string]: (way: Way) => Reply } = {
  'half a frame, then a closed connection': (way) => faults.halfFrame(begun(way.model)),
  'a reset': (way) => faults.reset(asSse(begun(way.model))),
  'a clean end in the middle of a tool call': (way) => faults.cleanEnd(begun(way.model)),
  'a stall': (way) => faults.stall(asSse(frames(way.model)), asSse(begun(way.model)).length),
  'an error frame': (way) => ({
    paceMs: 5,
    events: [
      ...begun(way.model),
      way.model === 'claude'
        ? {
            event: 'error',
            data: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
          }
        : { data: '{"error":{"message":"boom canary-provider-key","type":"server_error"}}' },
    ],
  }),
  'a 40 MB line': (way) => ({
    headers: { 'content-type': 'text/event-stream' },
    pieces: [
      asSse(begun(way.model)),
      ...Array.from({ length: 40 }, (_, index) => (index === 0 ? 'data: ' : '') + 'x'.repeat(1_000_000)),
    ],
  }),
}

describe.each(['chat', 'claude'] as const)('after the first byte: %s', (model) => {
  it.each(Object.keys(after))('%s', async (name) => {
    const way: Way = { model, stream: true }
    upstream.reply(after[name]!(way))
    const response = await composed.chat({ ...body(way), max_tokens: 100 })
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toMatch(/data: \{"error":\{"message":"[^"]*req_[^"]*"/)
    expect(text).not.toContain('[DONE]')
    expect(text).not.toMatch(/"finish_reason":"(stop|tool_calls)"/)
    expect(text).not.toContain('canary-provider-key')
    await resolved('failed')
    expect(['observed', 'upstream']).toContain(composed.settled[0]?.usage.source)
    await expect.poll(() => upstream.connections).toBeLessThanOrEqual(1)
  })
})

describe.each(ways)('what is odd but whole passes: $name', (way) => {
  it('byte by byte', async () => {
    if (!way.stream) return expect(await whole(way, { slices: 1 })).toContain('get')
    upstream.reply(faults.byteByByte(asSse(frames(way.model))))
    const response = await composed.chat(body(way))
    const text = await response.text()
    expect(text).toContain('[DONE]')
    await resolved('completed', 'upstream')
  })
})

async function whole(way: Way, rest: Partial<Reply>): Promise<string> {
  const json =
    way.model === 'chat'
      ? {
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: 'get' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }
      : {
          id: 'x',
          type: 'message',
          role: 'assistant',
          model: 'm',
          content: [{ type: 'text', text: 'get' }],
          stop_reason: 'end_turn',
          stop_sequence: null,
          usage: { input_tokens: 1, output_tokens: 1 },
        }
  upstream.reply({ json, ...rest })
  return (await composed.chat(body(way))).text()
}

it('a connection that is refused is a 502, and nothing was sent', async () => {
  await upstream.close()
  const response = await composed.chat(body({ model: 'chat', stream: false }))
  expect(response.status).toBe(502)
  await response.text()
  await resolved('failed', 'none')
  upstream = await createFakeUpstream()
})

describe('headers', () => {
  it('only what is listed reaches the upstream, and only what is listed comes back', async () => {
    upstream.reply({
      json: {
        id: 'x',
        choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
      },
      headers: {
        'set-cookie': 'a=b',
        server: 'theirs',
        'openai-organization': 'org',
        'cf-ray': 'ray',
        'x-request-id': 'theirs',
      },
    })
    const response = await composed.chat(body({ model: 'chat', stream: false }), {
      headers: {
        cookie: 'session=secret',
        authorization: 'Bearer canary-client-key',
        'x-api-key': 'canary-client-key',
        'x-forwarded-for': '1.2.3.4',
        traceparent: '00-1-1-00',
        via: '1.1 proxy',
        'x-custom': 'private',
      },
    })
    await response.text()
    const seen = upstream.requests[0]!.headers
    expect(seen['authorization']).toBe('Bearer canary-provider-key')
    expect(JSON.stringify(seen)).not.toMatch(/canary-client-key|secret|1\.2\.3\.4|traceparent|proxy|private/)
    expect(seen['accept-encoding']).toBe('identity')
    for (const name of ['set-cookie', 'server', 'openai-organization', 'cf-ray'])
      expect(response.headers.get(name)).toBeNull()
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  })
})

function body(way: Way): object {
  return { model: way.model, stream: way.stream, messages: [{ role: 'user', content: 'weather?' }] }
}

function asSse(list: readonly { data: string; event?: string }[]): string {
  return list
    .map((frame) => `${frame.event === undefined ? '' : `event: ${frame.event}\n`}data: ${frame.data}\n\n`)
    .join('')
}

/** The request has ended for money and log, once. */
async function resolved(outcome: string, source?: string): Promise<void> {
  await expect.poll(() => composed.settled.length).toBe(1)
  expect(composed.settled[0]?.outcome).toBe(outcome)
  if (source !== undefined) expect(composed.settled[0]?.usage.source).toBe(source)
}
