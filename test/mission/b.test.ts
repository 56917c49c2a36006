import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { bothWires, pixel, sdk, weather } from '../support/sdk.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname
let gateway: ChildGateway
let key: string

beforeAll(async () => {
  gateway = await startGateway(config)
  key = await gateway.key('standard')
})
afterAll(() => gateway?.stop())

function post(body: unknown, headers: { [name: string]: string } = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

it('B1 a request without model goes to the default model', async () => {
  const response = await post({ messages: [{ role: 'user', content: 'say default' }] })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-gantry-target')).toBe('chat/sim-chat-2026')
  const answer = (await response.json()) as OpenAI.ChatCompletion
  expect(answer.choices[0]?.message.content).toBe('default')
})

describe.each(bothWires)('B2 the chat wire in full over %s', (_wire, model) => {
  it('streams chunks that end in [DONE]', async () => {
    const response = await post({ model, stream: true, messages: [{ role: 'user', content: 'say one two' }] })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const frames = (await response.text())
      .split('\n\n')
      .filter((frame) => frame !== '' && !frame.startsWith(':'))
    expect(frames.at(-1)).toBe('data: [DONE]')
    const chunks = frames
      .slice(0, -1)
      .map((frame) => JSON.parse(frame.slice(6)) as OpenAI.ChatCompletionChunk)
    expect(chunks.every((chunk) => Array.isArray(chunk.choices) && chunk.choices.length === 1)).toBe(true)
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('one two')
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
  })

  it('shows the usage chunk only to who asked for it', async () => {
    const usageChunks = async (options: object): Promise<number> => {
      const text = await (
        await post({ model, stream: true, messages: [{ role: 'user', content: 'say x' }], ...options })
      ).text()
      return text.split('\n\n').filter((frame) => frame.includes('"choices":[]') && frame.includes('"usage"'))
        .length
    }
    expect(await usageChunks({})).toBe(0)
    expect(await usageChunks({ stream_options: { include_usage: true } })).toBe(1)
  })

  it('calls a tool, takes its result, and answers with it', async () => {
    const client = sdk(gateway.url, key)
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'user', content: 'call get_weather {"city":"Oslo"}' },
    ]
    const first = await client.chat.completions.create({
      model,
      messages,
      tools: [weather],
      tool_choice: 'auto',
    })
    const choice = first.choices[0]!
    expect(choice.finish_reason).toBe('tool_calls')
    const call = choice.message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall
    expect(call.function.name).toBe('get_weather')
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Oslo' })
    const second = await client.chat.completions.create({
      model,
      tools: [weather],
      messages: [
        ...messages,
        choice.message,
        { role: 'tool', tool_call_id: call.id, content: 'sunny, 21 degrees' },
      ],
    })
    expect(second.choices[0]?.message.content).toContain('sunny, 21 degrees')
    expect(second.choices[0]?.finish_reason).toBe('stop')
  })

  it('streams two parallel calls apart', async () => {
    const stream = sdk(gateway.url, key).chat.completions.stream({
      model,
      messages: [
        { role: 'user', content: 'call get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}' },
      ],
      tools: [weather],
    })
    const answer = await stream.finalChatCompletion()
    const calls = answer.choices[0]!.message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[]
    expect(calls.map((call) => JSON.parse(call.function.arguments) as unknown)).toEqual([
      { city: 'Oslo' },
      { city: 'Rome' },
    ])
    expect(new Set(calls.map((call) => call.id)).size).toBe(2)
  })

  it('sees an inline image', async () => {
    const answer = await sdk(gateway.url, key).chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: pixel } },
          ],
        },
      ],
    })
    expect(answer.choices[0]?.message.content).toMatch(/image\/png/)
  })

  it('takes every role and every sampling control', async () => {
    const response = await post({
      model,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'say all roles' },
      ],
      max_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      frequency_penalty: 0.1,
      presence_penalty: 0.1,
      stop: ['never'],
      seed: 7,
    })
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'all roles' } }] })
    expect(response.status).toBe(200)
  })

  it('stops for length', async () => {
    const answer = await sdk(gateway.url, key).chat.completions.create({
      model,
      max_tokens: 3,
      messages: [{ role: 'user', content: 'count 20' }],
    })
    expect(answer.choices[0]?.finish_reason).toBe('length')
  })

  it('answers errors in the envelope', async () => {
    const response = await post({ model, messages: 'no' })
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { [key: string]: unknown } }
    expect(error).toMatchObject({ type: 'invalid_request_error', param: 'messages' })
    expect(Object.keys(error).toSorted()).toEqual(['code', 'message', 'param', 'type'])
  })
})

it('B2 says what a messages upstream could not be told', async () => {
  const response = await post({
    model: 'Sim-Claude-4.6',
    seed: 7,
    frequency_penalty: 0.5,
    messages: [{ role: 'user', content: 'say x' }],
  })
  await response.text()
  expect(response.headers.get('x-gantry-loss')).toMatch(/dropped [^,]*\/seed/)
  const relayed = await post({ model: 'sim-chat', seed: 7, messages: [{ role: 'user', content: 'say x' }] })
  await relayed.text()
  expect(relayed.headers.get('x-gantry-loss')).toBeNull()
})

it.each(bothWires)('B3 unknown fields are never an error over %s', async (_wire, model) => {
  const response = await post({
    model,
    messages: [{ role: 'user', content: 'say fine', unknown_here: { a: 1 } }],
    chat_template_kwargs: { thinking: false },
    sogni_tools: false,
    something_new: [1, 2, 3],
  })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'fine' } }] })
})

describe('B10 browsers stream with fetch and an Authorization header', () => {
  it('answers the preflight of a configured origin, and only of it', async () => {
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization, content-type',
        },
      })
    const ours = await preflight('https://app.example.com')
    expect(ours.ok).toBe(true)
    expect(ours.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(ours.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('authorization')
    expect(
      (await preflight('https://evil.example.net')).headers.get('access-control-allow-origin'),
    ).toBeNull()
  })

  it('streams with CORS headers, on errors too', async () => {
    const good = await post(
      { model: 'sim-chat', stream: true, messages: [{ role: 'user', content: 'say hi' }] },
      { origin: 'https://app.example.com' },
    )
    expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(good.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('x-request-id')
    expect(await good.text()).toContain('[DONE]')
    const bad = await post({ model: 'nope', messages: [] }, { origin: 'https://app.example.com' })
    expect(bad.status).toBe(404)
    expect(bad.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
  })
})
