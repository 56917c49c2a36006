import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname
let gateway: ChildGateway
let key: string

beforeAll(async () => {
  gateway = await startGateway(config)
  key = await gateway.key('standard')
})
afterAll(() => gateway?.stop())

/** The official SDK with only base URL and key changed. */
const sdk = (path = ''): Anthropic =>
  new Anthropic({ baseURL: `${gateway.url}${path}`, apiKey: key, maxRetries: 0 })

const upstreams = [
  ['a messages upstream', 'Sim-Claude-4.6'],
  ['a chat upstream', 'sim-chat'],
  ['a responses upstream', 'sim-responses'],
] as const

const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

describe.each(upstreams)('A4 messages over %s', (_wire, model) => {
  it('answers whole', async () => {
    for (const path of ['', '/v1']) {
      const answer = await sdk(path).messages.create({
        model,
        max_tokens: 200,
        messages: [{ role: 'user', content: 'say hello there' }],
      })
      expect(answer).toMatchObject({
        type: 'message',
        role: 'assistant',
        stop_reason: 'end_turn',
        content: [{ type: 'text', text: 'hello there' }],
      })
      expect(answer.usage.input_tokens).toBeGreaterThan(0)
      expect(answer.usage.output_tokens).toBeGreaterThan(0)
    }
  })

  it('streams', async () => {
    const pieces: string[] = []
    const stream = sdk().messages.stream({
      model,
      max_tokens: 200,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: 'say one two three' }],
    })
    stream.on('text', (text) => pieces.push(text))
    const answer = await stream.finalMessage()
    expect(pieces.join('')).toBe('one two three')
    expect(pieces.length).toBeGreaterThan(1)
    expect(answer.stop_reason).toBe('end_turn')
    expect(answer.usage.output_tokens).toBeGreaterThan(0)
  })

  it('carries parallel tool calls and their results', async () => {
    const asked: Anthropic.MessageParam = {
      role: 'user',
      content: 'call get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}\nthen\nsay both known',
    }
    const options = { model, max_tokens: 500, tools: [weather] }
    const first = await sdk().messages.create({ ...options, messages: [asked] })
    expect(first.stop_reason).toBe('tool_use')
    const calls = first.content.filter((block) => block.type === 'tool_use')
    expect(calls.map(({ input }) => input)).toEqual([{ city: 'Oslo' }, { city: 'Rome' }])
    const second = await sdk().messages.create({
      ...options,
      messages: [
        asked,
        { role: 'assistant', content: first.content },
        {
          role: 'user',
          // Claude Code orders results by completion.
          content: calls.toReversed().map(({ id }) => ({
            type: 'tool_result' as const,
            tool_use_id: id,
            content: 'cold',
          })),
        },
      ],
    })
    expect(second.content).toMatchObject([{ type: 'text', text: 'both known' }])
  })

  it('counts tokens, and charges nothing for it', async () => {
    const counted = await sdk().messages.countTokens({
      model,
      messages: [{ role: 'user', content: 'one two three four five six seven eight' }],
    })
    expect(counted.input_tokens).toBeGreaterThan(5)
    expect(counted.input_tokens).toBeLessThan(60)
  })

  it('raises the SDK’s own errors, in its own shape', async () => {
    const failing = sdk().messages.create({
      model,
      max_tokens: 20,
      messages: [{ role: 'user', content: 'fail 503' }],
    })
    await expect(failing).rejects.toMatchObject({
      status: expect.any(Number),
      error: { type: 'error', error: { type: expect.any(String), message: expect.any(String) } },
    })
    const unknown = sdk().messages.create({
      model: 'nothing',
      max_tokens: 20,
      messages: [{ role: 'user', content: 'x' }],
    })
    await expect(unknown).rejects.toBeInstanceOf(Anthropic.NotFoundError)
    const wrongKey = new Anthropic({ baseURL: gateway.url, apiKey: 'sk-wrong', maxRetries: 0 })
    await expect(wrongKey.models.list()).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
  })
})

it('the models are listed in its dialect, page by page', async () => {
  const ids: string[] = []
  for await (const model of sdk().models.list({ limit: 2 })) {
    expect(model).toMatchObject({
      type: 'model',
      display_name: expect.any(String),
      created_at: expect.any(String),
    })
    ids.push(model.id)
  }
  expect(ids.toSorted()).toEqual([
    'Sim-Claude-4.6',
    'sim-chat',
    'sim-locked',
    'sim-responses',
    'sim-unpriced',
  ])
  expect((await sdk().models.retrieve('sim-chat')).id).toBe('sim-chat')
  const before = await sdk().models.list({ limit: 1, before_id: ids[2]! })
  expect(before.data.map(({ id }) => id)).toEqual([ids[1]])
  expect(before.has_more).toBe(true)
})

it('the newest version of the wire is served as well', async () => {
  for (const version of ['2023-06-01', '2026-10-21']) {
    const answer = await sdk().messages.create(
      { model: 'Sim-Claude-4.6', max_tokens: 20, messages: [{ role: 'user', content: 'say dated' }] },
      { headers: { 'anthropic-version': version } },
    )
    expect(answer.content).toMatchObject([{ text: 'dated' }])
  }
})
