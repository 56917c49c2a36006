import OpenAI, { NotFoundError } from 'openai'
import type { ResponseInput, Tool } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { withSimulator } from '../testing.ts'
import type { Simulator } from '../simulator.ts'

const weather: Tool = {
  type: 'function',
  name: 'weather',
  strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}

function client({ url }: Simulator): OpenAI {
  return new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 })
}

describe('the OpenAI SDK, with answers that are kept and conversations that are made shorter', () => {
  it('goes on from an answer that was kept, and forgets it on demand', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const first = await responses.create({
        model: 'm',
        input: 'call weather {"city":"Oslo"}',
        tools: [weather],
      })
      const call = first.output.find((item) => item.type === 'function_call')
      const second = await responses.create({
        model: 'm',
        previous_response_id: first.id,
        input: [{ type: 'function_call_output', call_id: call?.call_id ?? '', output: 'sunny' }],
      })
      expect(second.output_text).toContain('The tool weather answered: sunny')
      expect(second.previous_response_id).toBe(first.id)
      expect((await responses.retrieve(second.id)).output_text).toBe(second.output_text)
      const items: string[] = []
      for await (const item of responses.inputItems.list(second.id, { limit: 2 })) items.push(item.type)
      expect(items).toEqual(['function_call_output', 'function_call', 'message'])
      await expect(responses.cancel(second.id)).rejects.toThrow('Cannot cancel a synchronous response.')
      await responses.delete(first.id)
      await expect(responses.retrieve(first.id)).rejects.toThrow(NotFoundError)
      const lost = responses.create({ model: 'm', previous_response_id: first.id, input: 'hi' })
      await expect(lost).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' })
      const unkept = await responses.create({ model: 'm', input: 'hi', store: false })
      await expect(responses.retrieve(unkept.id)).rejects.toThrow(NotFoundError)
    })
  })

  it('answers in the background, and streams again from any event on', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const queued = await responses.create({ model: 'm', input: 'count 5', background: true })
      expect(queued).toMatchObject({ status: 'queued', output: [] })
      expect(await responses.retrieve(queued.id)).toMatchObject({
        status: 'completed',
        output_text: '1 2 3 4 5',
      })
      const numbers: number[] = []
      for await (const event of await responses.retrieve(queued.id, { stream: true, starting_after: 4 })) {
        numbers.push(event.sequence_number)
      }
      expect(numbers[0]).toBe(5)
      expect(numbers.length).toBeGreaterThan(5)
    })
  })

  it('makes a conversation shorter, by either way, and takes what it made', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const input: ResponseInput = [
        { role: 'user', content: 'say one' },
        { role: 'assistant', content: 'one' },
        { role: 'user', content: 'call weather' },
      ]
      const short = await responses.compact({ model: 'm', input })
      expect(short.object).toBe('response.compaction')
      expect(short.output.map(({ type }) => type)).toEqual(['message', 'message', 'compaction'])
      expect(short.output[1]).toMatchObject({ role: 'user', content: [{ text: 'call weather' }] })
      expect(short.usage.output_tokens).toBeGreaterThan(0)
      const triggered = await responses
        .stream({ model: 'm', input: [...input, { type: 'compaction_trigger' }], tools: [weather] })
        .finalResponse()
      expect(triggered.output.map(({ type }) => type)).toEqual(['compaction'])
      for (const { output } of [short, triggered]) {
        const next = [...(output as ResponseInput), { role: 'user' as const, content: 'say and on' }]
        expect((await responses.create({ model: 'm', input: next })).output_text).toBe('and on')
      }
      const [kept] = short.output.slice(-1)
      const broken = [
        { ...kept, id: undefined, encrypted_content: 'gAAAA' },
        { role: 'user', content: 'hi' },
      ]
      await expect(responses.create({ model: 'm', input: broken as ResponseInput })).rejects.toMatchObject({
        code: 'invalid_encrypted_content',
      })
    })
  })

  it('goes on where it was, after a compaction in the middle of a task', async () => {
    await withSimulator({}, async (simulator) => {
      const { responses } = client(simulator)
      const prompt = { role: 'user' as const, content: 'call weather\nthen\ncall weather\nthen\nsay done' }
      let input: ResponseInput = [prompt]
      const types: string[] = []
      for (let turn = 0; turn < 3; turn++) {
        const { output } = await responses.create({ model: 'm', input, tools: [weather] })
        types.push(...output.map(({ type }) => type))
        const results = output.flatMap((item) =>
          item.type === 'function_call'
            ? [{ type: 'function_call_output' as const, call_id: item.call_id, output: 'ok' }]
            : [],
        )
        const all = [...input, ...(output as ResponseInput), ...results]
        input = (await responses.compact({ model: 'm', input: all })).output as ResponseInput
      }
      expect(types).toEqual(['function_call', 'function_call', 'message'])
    })
  })
})
