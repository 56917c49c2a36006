import OpenAI, {
  APIError,
  AuthenticationError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai'
import { describe, expect, it } from 'vitest'
import { withSimulator } from './testing.ts'
import type { Simulator } from './simulator.ts'

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

function client({ url }: Simulator, apiKey = 'none', maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: url, apiKey, maxRetries })
}

function user(content: string): { role: 'user'; content: string } {
  return { role: 'user', content }
}

describe('the OpenAI SDK', () => {
  it('lists models and chats', async () => {
    await withSimulator({ models: ['a', 'b'] }, async (simulator) => {
      const ids: string[] = []
      for await (const model of client(simulator).models.list()) ids.push(model.id)
      expect(ids).toEqual(['a', 'b'])
      const answer = await client(simulator).chat.completions.create({
        model: 'a',
        messages: [user('hello')],
      })
      expect(answer.choices[0]?.message.content).toContain('You wrote: “hello”')
      expect(answer.usage?.total_tokens).toBe(
        (answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0),
      )
      expect(answer._request_id).toMatch(/^req_/)
    })
  })

  it('streams, and puts the stream together', async () => {
    await withSimulator({}, async (simulator) => {
      const stream = client(simulator).chat.completions.stream({
        model: 'm',
        messages: [user('reason think first\ncount 20')],
        stream_options: { include_usage: true },
      })
      const deltas: string[] = []
      stream.on('content', (delta) => deltas.push(delta))
      const final = await stream.finalChatCompletion()
      expect(final.choices[0]).toMatchObject({
        finish_reason: 'stop',
        message: { role: 'assistant', content: Array.from({ length: 20 }, (_, at) => at + 1).join(' ') },
      })
      expect(deltas).toHaveLength(20)
      expect(final.usage).toMatchObject({
        completion_tokens: 22,
        completion_tokens_details: { reasoning_tokens: 2 },
      })
    })
  })

  it('runs a conversation with parallel tools, streamed', async () => {
    await withSimulator({}, async (simulator) => {
      const asked: unknown[] = []
      const runner = client(simulator).chat.completions.runTools({
        model: 'm',
        stream: true,
        messages: [user('call weather {"city":"Oslo"}\ncall weather {"city":"Rome"}')],
        tools: [
          {
            type: 'function',
            function: {
              name: 'weather',
              description: 'The weather of a city',
              parameters,
              parse: (input: string): object => JSON.parse(input) as object,
              function: (input: object) => {
                asked.push(input)
                return `${JSON.stringify(input)} is sunny`
              },
            },
          },
        ],
      })
      const said = await runner.finalContent()
      expect(asked).toEqual([{ city: 'Oslo' }, { city: 'Rome' }])
      expect(said).toContain('The tool weather answered: {"city":"Oslo"} is sunny')
      expect(said).toContain('The tool weather answered: {"city":"Rome"} is sunny')
      const ids = runner.messages.flatMap((message) =>
        message.role === 'assistant' ? (message.tool_calls ?? []).map((call) => call.id) : [],
      )
      expect(new Set(ids).size).toBe(2)
    })
  })

  it('sees pictures', async () => {
    await withSimulator({}, async (simulator) => {
      const url = `data:image/png;base64,${Buffer.alloc(12).toString('base64')}`
      const answer = await client(simulator).chat.completions.create({
        model: 'm',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url } },
              { type: 'text', text: 'What is it?' },
            ],
          },
        ],
      })
      expect(answer.choices[0]?.message.content).toContain('I saw 1 image (image/png, 12 bytes).')
    })
  })

  it('parses structured output', async () => {
    await withSimulator({}, async (simulator) => {
      const answer = await client(simulator).chat.completions.parse({
        model: 'm',
        messages: [user('Oslo')],
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'city', strict: true, schema: parameters },
        },
      })
      expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ city: 'Oslo' })
    })
  })

  it('stops for length, for a stop sequence, and refuses', async () => {
    await withSimulator({}, async (simulator) => {
      const ask = async (content: string, more: object = {}): Promise<unknown> =>
        (await client(simulator).chat.completions.create({ model: 'm', messages: [user(content)], ...more }))
          .choices[0]
      expect(await ask('count 20', { max_completion_tokens: 3 })).toMatchObject({
        finish_reason: 'length',
        message: { content: '1 2 3' },
      })
      expect(await ask('count 20', { stop: ' 5' })).toMatchObject({
        finish_reason: 'stop',
        message: { content: '1 2 3 4' },
      })
      expect(await ask('refuse')).toMatchObject({
        finish_reason: 'stop',
        message: { content: null, refusal: expect.stringContaining('sorry') },
      })
    })
  })

  it('throws what it throws at OpenAI', async () => {
    await withSimulator({ apiKey: 'good', models: ['m'] }, async (simulator) => {
      const ask = (content: string, key = 'good', model = 'm'): Promise<unknown> =>
        client(simulator, key).chat.completions.create({ model, messages: [user(content)] })
      await expect(ask('hi', 'bad')).rejects.toThrow(AuthenticationError)
      await expect(ask('hi', 'good', 'x')).rejects.toThrow(NotFoundError)
      await expect(ask('fail 429')).rejects.toThrow(RateLimitError)
      await expect(ask('fail 503')).rejects.toThrow(InternalServerError)
      await expect(ask('fail 400 context_length_exceeded')).rejects.toMatchObject({
        status: 400,
        code: 'context_length_exceeded',
      })
    })
  })

  it('raises an error inside a stream, and a cut one', async () => {
    await withSimulator({}, async (simulator) => {
      for (const fault of ['fail after 3', 'cut after 3']) {
        const stream = await client(simulator).chat.completions.create({
          model: 'm',
          stream: true,
          messages: [user(`count 9\n${fault}`)],
        })
        const seen: string[] = []
        const read = (async () => {
          for await (const chunk of stream) seen.push(chunk.choices[0]?.delta.content ?? '')
        })()
        await expect(read).rejects.toThrow(fault.startsWith('fail') ? APIError : /terminated|aborted|reset/i)
        expect(seen.join('')).toBe('1 2 3')
      }
    })
  })

  it('waits as long as retry-after says', async () => {
    await withSimulator({}, async (simulator) => {
      const started = performance.now()
      const asked = client(simulator, 'none', 1).chat.completions.create({
        model: 'm',
        messages: [user('fail 429 retry-after 1')],
      })
      await expect(asked).rejects.toThrow(RateLimitError)
      expect(performance.now() - started).toBeGreaterThanOrEqual(990)
      expect(simulator.requests).toHaveLength(2)
    })
  })
})
