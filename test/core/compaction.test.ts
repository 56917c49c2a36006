import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed

beforeAll(async () => {
  composed = await compose({
    plugins: [openaiResponses()],
    models: {
      responses: { to: 'responses/sim-responses', price: 'free' },
      silent: { to: 'silent/sim-chat', price: 'free' },
    },
    config: {
      providers: {
        chat: simulator(),
        claude: simulator({ speaks: 'anthropic-messages' }),
        responses: simulator({ speaks: 'openai-responses' }),
        silent: simulator({ always: 'fail 503' }),
      },
    },
  })
})
afterAll(() => composed?.close())
afterEach(() => void (composed.settled.length = 0))

const sdk = (): OpenAI => new OpenAI({ baseURL: `${composed.url}/v1`, apiKey: 'k', maxRetries: 0 })

/** A conversation whose last words make the simulator answer with a summary of our choosing. */
const conversation = [
  { type: 'message' as const, role: 'user' as const, content: 'My word is marmalade.' },
  { type: 'message' as const, role: 'assistant' as const, content: 'Noted.' },
  { type: 'message' as const, role: 'user' as const, content: 'Go on.' },
]

describe.each(['chat', 'claude'])('a compaction for a %s upstream', (model) => {
  it('keeps what the user said, and a summary that every upstream can read', async () => {
    const compacted = await sdk().responses.compact({ model, input: conversation })
    expect(compacted.object).toBe('response.compaction')
    const [first, second, last] = compacted.output as unknown as JsonObject[]
    expect(JSON.stringify([first, second])).toContain('marmalade')
    expect(last).toMatchObject({
      type: 'compaction',
      id: expect.stringMatching(/^cmp_/),
      encrypted_content: expect.stringMatching(/^gantry1\./),
    })
    expect(compacted.usage.total_tokens).toBeGreaterThan(0)
    for (const next of ['chat', 'claude', 'responses']) {
      const answer = await sdk().responses.create({
        model: next,
        input: [...(compacted.output as never[]), { role: 'user', content: 'What do you know?' }],
      })
      expect(answer.status, next).toBe('completed')
    }
  })

  it('is billed and logged as one request, by what the summary used', async () => {
    await sdk().responses.compact({ model, input: conversation })
    const [context, ...others] = composed.settled
    expect(others).toEqual([])
    expect(context).toMatchObject({ operation: 'compact', outcome: 'completed', status: 200 })
    expect(context!.usage.tokens.output).toBeGreaterThan(0)
    expect(context!.losses).toContainEqual(expect.objectContaining({ what: 'compaction', how: 'lowered' }))
  })

  it.each([true, false])('asked for inside a request (stream: %s) is one compaction item', async (stream) => {
    const response = await composed.send('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream, input: [...conversation, { type: 'compaction_trigger' }] }),
    })
    expect(response.status).toBe(200)
    const text = await response.text()
    if (!stream) {
      const { output } = JSON.parse(text) as { output: JsonObject[] }
      expect(output.map(({ type }) => type)).toEqual(['compaction'])
      return
    }
    const events = text
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as JsonObject & { item?: JsonObject })
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.output_item.done',
      'response.completed',
    ])
    expect(events[3]?.item).toMatchObject({
      type: 'compaction',
      encrypted_content: expect.stringMatching(/^gantry1\./),
    })
  })
})

describe('a compaction', () => {
  it('that was made by a vendor is not left out for another', async () => {
    const input = [
      { type: 'compaction', id: 'cmp_1', encrypted_content: 'gAAAAABforeign' },
      { role: 'user', content: 'Go on.' },
    ]
    for (const model of ['chat', 'claude']) {
      await expect(sdk().responses.create({ model, input: input as never })).rejects.toMatchObject({
        status: 400,
        code: 'compaction_not_readable',
        param: expect.stringContaining('input'),
      })
    }
  })

  it('that the model fails to make is an error, and the conversation is not lost', async () => {
    await expect(sdk().responses.compact({ model: 'silent', input: conversation })).rejects.toMatchObject({
      status: expect.any(Number),
    })
    expect(composed.settled.at(-1)?.outcome).not.toBe('completed')
  })
})

describe('several choices', () => {
  it('of a wire that gives one are a request each, charged together', async () => {
    const answer = await sdk().chat.completions.create({
      model: 'claude',
      n: 3,
      messages: [{ role: 'user', content: 'say three' }],
    })
    expect(
      answer.choices.map(({ index, message, finish_reason }) => [index, message.content, finish_reason]),
    ).toEqual([
      [0, 'three', 'stop'],
      [1, 'three', 'stop'],
      [2, 'three', 'stop'],
    ])
    const one = await sdk().chat.completions.create({
      model: 'claude',
      messages: [{ role: 'user', content: 'say three' }],
    })
    expect(answer.usage!.completion_tokens).toBe(3 * one.usage!.completion_tokens)
    expect(answer.usage!.prompt_tokens).toBe(3 * one.usage!.prompt_tokens)
    expect(composed.settled).toHaveLength(2)
    expect(composed.settled[0]!.usage.tokens.output).toBe(answer.usage!.completion_tokens)
  })

  it('also in a stream', async () => {
    const stream = await sdk().chat.completions.create({
      model: 'claude',
      n: 2,
      stream: true,
      messages: [{ role: 'user', content: 'say both' }],
    })
    const texts = ['', '']
    for await (const chunk of stream)
      for (const { index, delta } of chunk.choices) texts[index] += delta.content ?? ''
    expect(texts).toEqual(['both', 'both'])
  })
})

describe('stop sequences towards Responses', () => {
  it('are few', async () => {
    const response = await composed.chat({
      model: 'responses',
      stop: Array.from({ length: 1000 }, (_, index) => `never ${index}`),
      messages: [{ role: 'user', content: 'say word' }],
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'too_many_stop_sequences', param: 'stop' },
    })
  })

  it.each([true, false])('end the answer there (stream: %s)', async (stream) => {
    const response = await composed.send('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'responses',
        stream,
        stop: ['three'],
        messages: [{ role: 'user', content: 'say one two three four' }],
      }),
    })
    const text = await response.text()
    expect(response.status, text).toBe(200)
    expect(response.headers.get('x-gantry-loss')).toContain('lowered stop')
    expect(text).toContain('two')
    expect(text).not.toContain('three')
    expect(text).not.toContain('four')
  })
})
