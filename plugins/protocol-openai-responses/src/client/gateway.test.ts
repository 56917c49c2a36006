import type { Frame, JsonObject, ProviderPlugin } from '@gantry/core'
import { createFakeUpstream, createTestGateway, type FakeUpstream, type TestGateway } from '@gantry/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import openaiResponses from '../index.ts'
import { recorded } from '../recorded.test-support.ts'

let upstream: FakeUpstream
let gateway: TestGateway

/** One upstream under two names: the vendor, and a host that has only functions. */
function provider(quirks: JsonObject): ProviderPlugin {
  return {
    name: 'provider-test',
    provider: (name) => ({
      name,
      cancelStopsBilling: true,
      speaks: ['openai-responses'],
      quirks: { 'openai-responses': quirks },
      endpoint: () => ({ url: `${upstream.url}/v1`, headers: { authorization: 'Bearer upstream' } }),
    }),
  }
}

beforeAll(async () => {
  upstream = await createFakeUpstream()
  gateway = await createTestGateway({
    plugins: [openaiResponses()],
    providers: {
      vendor: provider({}),
      plain: provider({ customTools: false, namespaces: false, refuses: ['max_output_tokens'] }),
    },
    models: {
      'gpt-5.5': { to: 'vendor/gpt-5.5', price: 'free' },
      local: { to: 'plain/local', price: 'free' },
      careful: { to: 'plain/local', price: 'free', loss: 'strict' },
    },
    groups: { all: { models: ['*'] } },
    defaultGroup: 'all',
  })
})

afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const post = (body: object, path = '/v1/responses'): Promise<Response> =>
  gateway.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const lastSent = (): JsonObject => upstream.requests.at(-1)?.json() as JsonObject
const event = (type: string, fields: JsonObject): Frame => ({
  event: type,
  data: JSON.stringify({ type, ...fields }),
})

const patch = {
  type: 'custom',
  name: 'apply_patch',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const text = '*** Begin Patch\n+"über" \\o/\n*** End Patch'
const wrapped = JSON.stringify({ input: text })

describe('towards the vendor', () => {
  it('streams pass byte for byte, and only model and store are set in the request', async () => {
    const body = '{"model":"gpt-5.5",  "input":"hi","stream":true,"future_field":[1.0]}'
    for (const { response, name } of recorded().filter(({ kind }) => kind === 'stream')) {
      // A recording of a failure is an error of the upstream's.
      if (name.includes('error')) continue
      upstream.reply({
        headers: { 'content-type': 'text/event-stream' },
        body: response.sse ?? '',
        slices: 'random',
      })
      const answer = await gateway.fetch('/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect([name, answer.status, await answer.text()]).toEqual([name, 200, response.sse])
      const sent = Buffer.from(upstream.requests.at(-1)?.body ?? []).toString()
      expect(sent).toContain('"model":"gpt-5.5",  "input":"hi","stream":true,"future_field":[1.0]')
      expect(lastSent()['store']).toBe(false)
    }
  })

  it('an error keeps its text, and a failed stream never ends as a clean one', async () => {
    upstream.reply({
      status: 400,
      json: { error: { message: 'Bad thing.', type: 'invalid_request_error', param: 'input', code: 'bad' } },
    })
    const refused = await post({ model: 'gpt-5.5', input: 'hi' })
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Bad thing.')])
    upstream.reply({
      paceMs: 30,
      events: [
        event('response.created', { response: { id: 'resp_1' } }),
        event('response.output_text.delta', { output_index: 0, content_index: 0, delta: 'Half' }),
      ],
    })
    const cut = await (await post({ model: 'gpt-5.5', input: 'hi', stream: true })).text()
    expect(cut).toContain('Half')
    expect(cut).toContain('response.failed')
    expect(cut).not.toContain('response.completed')
  })

  it('conversations are compacted and counted', async () => {
    const [compaction] = recorded().filter(({ kind }) => kind === 'compaction')
    upstream.reply({ json: compaction?.response.json })
    const compacted = await post(
      { model: 'gpt-5.5', input: 'hi', client_metadata: { a: 1 } },
      '/v1/responses/compact',
    )
    const answer = (await compacted.json()) as JsonObject
    expect(answer['object']).toBe('response.compaction')
    expect(JSON.stringify(answer['output'])).toContain('encrypted_content')
    expect(upstream.requests.at(-1)?.path).toBe('/v1/responses/compact')
    expect(lastSent()).toEqual({ model: 'gpt-5.5', input: 'hi' })

    upstream.reply({ json: { object: 'response.input_tokens', input_tokens: 16 } })
    const counted = await post({ model: 'gpt-5.5', input: 'hi' }, '/v1/responses/input_tokens')
    expect(await counted.json()).toMatchObject({ input_tokens: 16 })
    expect(upstream.requests.at(-1)?.path).toBe('/v1/responses/input_tokens')
  })
})

describe('towards a host that has only functions', () => {
  const request = {
    model: 'local',
    tools: [
      patch,
      { type: 'namespace', name: 'crm', description: 'C', tools: [{ type: 'function', name: 'find' }] },
    ],
    max_output_tokens: 50,
    input: [
      { role: 'user', content: 'Edit.' },
      { type: 'custom_tool_call', call_id: 'c0', name: 'apply_patch', input: 'old' },
      { type: 'custom_tool_call_output', call_id: 'c0', output: 'done' },
    ],
  }
  const calls = [
    {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'c1',
      name: 'apply_patch',
      arguments: wrapped,
      status: 'completed',
    },
    {
      type: 'function_call',
      id: 'fc_2',
      call_id: 'c2',
      name: 'crm__find',
      arguments: '{}',
      status: 'completed',
    },
  ]
  const expected = [
    { type: 'custom_tool_call', call_id: 'c1', name: 'apply_patch', input: text },
    { type: 'function_call', call_id: 'c2', name: 'find', namespace: 'crm', arguments: '{}' },
  ]

  it('freeform tools and namespaces go as functions, and come back as what they were', async () => {
    upstream.reply({ json: { id: 'resp_1', object: 'response', status: 'completed', output: calls } })
    const answer = (await (await post(request)).json()) as JsonObject
    expect(lastSent()).toMatchObject({
      tools: [
        { type: 'function', name: 'apply_patch' },
        { type: 'function', name: 'crm__find' },
      ],
      input: [
        { role: 'user' },
        { type: 'function_call', call_id: 'c0', arguments: '{"input":"old"}' },
        { type: 'function_call_output', call_id: 'c0', output: 'done' },
      ],
    })
    expect(lastSent()).not.toHaveProperty('max_output_tokens')
    expect(answer['output']).toMatchObject(expected)
  })

  it('also in a stream, however the arguments are cut', async () => {
    const pieces = [...wrapped].map((delta) =>
      event('response.function_call_arguments.delta', { output_index: 0, item_id: 'fc_1', delta }),
    )
    upstream.reply({
      events: [
        event('response.created', { response: { id: 'resp_1', status: 'in_progress', output: [] } }),
        event('response.output_item.added', { output_index: 0, item: { ...calls[0], arguments: '' } }),
        ...pieces,
        event('response.output_item.done', { output_index: 0, item: calls[0] ?? {} }),
        event('response.output_item.done', { output_index: 1, item: calls[1] ?? {} }),
        event('response.completed', { response: { id: 'resp_1', status: 'completed', output: calls } }),
      ],
    })
    const stream = await (await post({ ...request, stream: true })).text()
    const frames = [...stream.matchAll(/^data: (.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? '') as JsonObject,
    )
    const items = frames.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item)
    expect(items).toMatchObject(expected)
    const deltas = frames.filter(({ type }) => type === 'response.custom_tool_call_input.delta')
    expect(deltas.map(({ delta }) => delta).join('')).toBe(text)
    expect(stream).not.toContain('crm__find')
  })

  it('a route that may lose nothing refuses before anything is sent', async () => {
    const before = upstream.requests.length
    const refused = await post({ ...request, model: 'careful' })
    expect(refused.status).toBe(400)
    expect(upstream.requests).toHaveLength(before)
  })
})
