import OpenAI, { APIError, BadRequestError, RateLimitError } from 'openai'
import type { ResponseInput, ResponseStreamEvent, Tool } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { withSimulator } from '../testing.ts'
import type { Simulator } from '../simulator.ts'

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const weather: Tool = { type: 'function', name: 'weather', parameters, strict: true }
const patch: Tool = { type: 'custom', name: 'patch', format: { type: 'text' } }
const group: Tool = {
  type: 'namespace',
  name: 'files',
  description: 'Files.',
  tools: [{ type: 'function', name: 'read', parameters: { type: 'object', properties: {} } }],
}

function client({ url }: Simulator): OpenAI {
  return new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 })
}

describe('the OpenAI SDK on the responses wire', () => {
  it('answers, and counts what it was asked', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const answer = await responses.create({ model: 'm', input: 'hello', instructions: 'Be kind.' })
      expect(answer.output_text).toContain('You wrote: “hello”')
      expect(answer).toMatchObject({
        status: 'completed',
        instructions: 'Be kind.',
        store: true,
        error: null,
      })
      const { input_tokens: counted } = await responses.inputTokens.count({
        model: 'm',
        input: 'hello',
        instructions: 'Be kind.',
      })
      expect(answer.usage).toMatchObject({
        input_tokens: counted,
        output_tokens_details: { reasoning_tokens: 0 },
      })
      expect(answer.usage?.total_tokens).toBe(counted + (answer.usage?.output_tokens ?? 0))
      expect(answer._request_id).toMatch(/^req_/)
    })
  })

  it('streams what the whole answer says, by its own helper', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const asked = {
        model: 'm',
        tools: [weather, patch],
        reasoning: { summary: 'auto' as const },
        include: ['reasoning.encrypted_content' as const],
        input: 'reason think first\nsay hello there\ncall weather {"city":"Oslo"}\ncall patch "two\\nlines"',
      }
      const stream = responses.stream(asked)
      const seen: ResponseStreamEvent[] = []
      let text = ''
      stream.on('event', (event) => seen.push(event as ResponseStreamEvent))
      stream.on('response.output_text.delta', ({ delta }) => (text += delta))
      const final = await stream.finalResponse()
      expect(text).toBe('hello there')
      expect(final.output_text).toBe('hello there')
      expect(final.output.map(({ type }) => type)).toEqual([
        'reasoning',
        'message',
        'function_call',
        'custom_tool_call',
      ])
      expect(final.output[2]).toMatchObject({ name: 'weather', arguments: '{"city":"Oslo"}' })
      expect(final.output[3]).toMatchObject({ name: 'patch', input: 'two\nlines' })
      const whole = await responses.create(asked)
      // The two requests differ in a field, so their ids and seals do.
      const bare = (output: readonly object[]): unknown =>
        JSON.parse(JSON.stringify(output, (name, value: unknown) => (unstable.has(name) ? undefined : value)))
      expect(bare(final.output)).toEqual(bare(whole.output))
      expect(seen.map((event) => event.sequence_number)).toEqual(seen.map((_, index) => index))
    })
  })

  it('runs a loop of tools, with its reasoning given back, whatever is kept', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const tools = [weather, patch, group]
      const input: ResponseInput = [
        {
          role: 'user',
          content:
            'reason first\ncall weather {"city":"Oslo"}\ncall weather {"city":"Rome"}\nthen\nreason second\ncall patch "x"\nthen\ncall files__read {}\nthen\nsay done',
        },
      ]
      const calls: string[] = []
      for (let turn = 0; turn < 5; turn++) {
        const answer = await responses.create({
          model: 'm',
          input,
          tools,
          store: false,
          include: ['reasoning.encrypted_content'],
        })
        input.push(...(answer.output as ResponseInput))
        for (const item of answer.output) {
          if (item.type === 'function_call') {
            calls.push(`${item.namespace ?? ''}/${item.name} ${item.arguments}`)
            input.push({ type: 'function_call_output', call_id: item.call_id, output: 'ok' })
          }
          if (item.type === 'custom_tool_call') {
            calls.push(`${item.name} ${item.input}`)
            const output = [{ type: 'input_text' as const, text: 'ok' }]
            input.push({ type: 'custom_tool_call_output', call_id: item.call_id, output })
          }
        }
        if (answer.output_text) {
          expect(answer.output_text).toBe('done')
          break
        }
      }
      expect(calls).toEqual([
        '/weather {"city":"Oslo"}',
        '/weather {"city":"Rome"}',
        'patch x',
        'files/read {}',
      ])
    })
  })

  it('finds more tools, and calls them', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const search: Tool = { type: 'tool_search', execution: 'client', parameters: { type: 'object' } }
      const prompt = { role: 'user' as const, content: 'call tool_search {"query":"w"}\nthen\ncall weather' }
      const first = await responses.create({ model: 'm', input: [prompt], tools: [search] })
      const call = first.output.find((item) => item.type === 'tool_search_call')
      expect(call).toMatchObject({ arguments: { query: 'w' }, execution: 'client' })
      const found = {
        type: 'tool_search_output' as const,
        call_id: call?.call_id ?? '',
        execution: 'client' as const,
        status: 'completed' as const,
        tools: [weather],
      }
      const second = await responses.create({
        model: 'm',
        input: [prompt, ...(first.output as ResponseInput), found] as ResponseInput,
        tools: [search],
      })
      expect(second.output.map((item) => item.type)).toEqual(['function_call'])
    })
  })

  it('parses structured output, stops for length, and refuses', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const format = { type: 'json_schema' as const, name: 'city', strict: true, schema: parameters }
      const parsed = await responses.parse({ model: 'm', input: 'Oslo', text: { format } })
      expect(parsed.output_parsed).toEqual({ city: 'Oslo' })
      const cut = await responses.create({ model: 'm', input: 'count 40', max_output_tokens: 16 })
      expect(cut).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ status: 'incomplete' }],
      })
      expect(cut.output_text).toMatch(/ 16$/)
      const refused = await responses.stream({ model: 'm', input: 'refuse' }).finalResponse()
      expect(refused.output).toMatchObject([
        { content: [{ type: 'refusal', refusal: expect.stringContaining('sorry') }] },
      ])
    })
  })

  it('throws what it throws at OpenAI', async () => {
    await withSimulator({ models: ['m'] }, async (simulator) => {
      const { responses } = client(simulator)
      await expect(responses.create({ model: 'x', input: 'hi' })).rejects.toMatchObject({
        status: 400,
        code: 'model_not_found',
      })
      await expect(responses.create({ model: 'm', input: 'fail 429' })).rejects.toThrow(RateLimitError)
      await expect(responses.create({ model: 'm', input: 'fail 400' })).rejects.toThrow(BadRequestError)
      const read = async (input: string): Promise<string[]> => {
        const seen: string[] = []
        for await (const event of await responses.create({ model: 'm', input, stream: true })) {
          seen.push(event.type)
        }
        return seen
      }
      await expect(read('count 9\nfail after 3')).rejects.toThrow(APIError)
      await expect(read('count 9\nfail after 3 rate_limit_exceeded')).rejects.toMatchObject({
        code: 'rate_limit_exceeded',
      })
      await expect(read('count 9\ncut after 3')).rejects.toThrow(/terminated|aborted|reset/i)
      expect((await read('count 9\nend after 3')).at(-1)).toBe('response.output_text.delta')
    })
  })
})

const unstable: ReadonlySet<string> = new Set([
  'id',
  'call_id',
  'encrypted_content',
  'parsed',
  'parsed_arguments',
])
