import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'
import { type Wire, wires } from './reading.ts'

let composed: Composed

beforeAll(async () => {
  composed = await compose({
    plugins: [openaiResponses()],
    models: {
      'openai-chat': { to: 'chat/sim-chat', price: 'free' },
      'openai-responses': { to: 'responses/sim-responses', price: 'free' },
      'anthropic-messages': { to: 'claude/claude-sonnet-4-5', price: 'free', maxOutputTokens: 64_000 },
    },
    config: {
      providers: {
        chat: simulator(),
        // Both check every signature and every encrypted item that comes back, and answer 400 to a foreign one.
        responses: simulator({ speaks: 'openai-responses' }),
        claude: simulator({ speaks: 'anthropic-messages' }),
      },
    },
  })
})
afterAll(() => composed?.close())

const prompt = [
  'reason I need the weather.',
  'call weather {"city":"Oslo"}',
  'then',
  'reason And once more.',
  'call weather {"city":"Rome"}',
  'then',
  'say both known',
].join('\n')

/** A conversation as a client of one wire keeps it: what it got goes back as it came. */
interface Talk {
  /** Sends the conversation; answers with the call that is to be run, or the text. */
  ask(model: Wire): Promise<{ readonly call?: string; readonly text: string; readonly loss: string | null }>
  /** Adds the result of the call. */
  answer(call: string, result: string): void
}

async function post(path: string, body: JsonObject): Promise<{ json: JsonObject; loss: string | null }> {
  const response = await composed.send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return { json: JSON.parse(text) as JsonObject, loss: response.headers.get('x-gantry-loss') }
}

const parameters = { type: 'object', properties: { city: { type: 'string' } } }

const talks: { readonly [wire in Wire]: () => Talk } = {
  'openai-chat': () => {
    const messages: JsonObject[] = [{ role: 'user', content: prompt }]
    return {
      async ask(model) {
        const tools = [{ type: 'function', function: { name: 'weather', parameters } }]
        const { json, loss } = await post('/v1/chat/completions', {
          model,
          tools,
          messages,
          reasoning_effort: 'low',
        })
        const [choice] = json['choices'] as unknown as [{ message: JsonObject & { content: string } }]
        const { message } = choice
        messages.push(message)
        const [call] = (message['tool_calls'] ?? []) as unknown as [{ id: string }?]
        return { ...(call && { call: call.id }), text: message.content ?? '', loss }
      },
      answer: (id, content) => void messages.push({ role: 'tool', tool_call_id: id, content }),
    }
  },
  'openai-responses': () => {
    const input: Json[] = [{ role: 'user', content: prompt }]
    return {
      async ask(model) {
        const tools = [{ type: 'function', name: 'weather', strict: false, parameters }]
        const { json, loss } = await post('/v1/responses', {
          model,
          tools,
          input,
          store: false,
          reasoning: { effort: 'low', summary: 'auto' },
          include: ['reasoning.encrypted_content'],
        })
        const output = json['output'] as unknown as (JsonObject & { type: string })[]
        input.push(...output)
        const call = output.find(({ type }) => type === 'function_call')
        const text = output
          .filter(({ type }) => type === 'message')
          .map((item) => (item['content'] as unknown as { text: string }[]).map((part) => part.text).join(''))
        return { ...(call && { call: String(call['call_id']) }), text: text.join(''), loss }
      },
      answer: (id, output) => void input.push({ type: 'function_call_output', call_id: id, output }),
    }
  },
  'anthropic-messages': () => {
    const messages: JsonObject[] = [{ role: 'user', content: prompt }]
    return {
      async ask(model) {
        const tools = [{ name: 'weather', input_schema: parameters }]
        const { json, loss } = await post('/v1/messages', {
          model,
          tools,
          messages,
          max_tokens: 8000,
          thinking: { type: 'enabled', budget_tokens: 2000 },
        })
        const content = json['content'] as unknown as (JsonObject & { type: string })[]
        messages.push({ role: 'assistant', content })
        const call = content.find(({ type }) => type === 'tool_use')
        const text = content.filter(({ type }) => type === 'text').map((block) => String(block['text']))
        return { ...(call && { call: String(call['id']) }), text: text.join(''), loss }
      },
      answer: (id, content) =>
        void messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] }),
    }
  },
}

const orders = wires.flatMap((first) =>
  wires.flatMap((second) => wires.map((third) => [first, second, third] as const)),
)

describe.each(wires)('a tool loop with thinking of a client of %s', (client) => {
  it.each(orders)('goes from %s to %s to %s', async (first, second, third) => {
    const talk = talks[client]()
    const one = await talk.ask(first)
    expect(one.call).toBeDefined()
    talk.answer(one.call!, 'cold')
    const two = await talk.ask(second)
    expect(two.call).toBeDefined()
    talk.answer(two.call!, 'warm')
    const three = await talk.ask(third)
    expect(three.text).toBe('both known')
    // State of an issuer that is not asked stays at home, and that is said; what the same issuer made goes back whole.
    const holders: readonly Wire[] = ['openai-responses', 'anthropic-messages']
    const isForeign = (maker: Wire, reader: Wire): boolean => holders.includes(maker) && maker !== reader
    const told = (loss: string | null): boolean => /custody\.(?:signature|encrypted)/.test(loss ?? '')
    expect(told(two.loss)).toBe(isForeign(first, second))
    expect(told(three.loss)).toBe(isForeign(first, third) || isForeign(second, third))
  })
})
