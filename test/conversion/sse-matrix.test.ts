import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import simulator from '@gantry/provider-simulator'
import { createFakeUpstream, type FakeUpstream, loadFixtures } from '@gantry/testing'
import { compose, type Composed } from '../support/compose.ts'
import { askIn } from './asking.ts'
import { framesOf, type Reading, readStream, type Wire, wires } from './reading.ts'
import { answersOf } from './recorded.ts'
import { readStrictly } from './strict.ts'

let upstream: FakeUpstream
let composed: Composed

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const baseUrl = `${upstream.url}/v1`
  composed = await compose({
    plugins: [openaiResponses()],
    config: {
      providers: {
        'sim-chat': simulator(),
        'sim-responses': simulator({ speaks: 'openai-responses' }),
        'sim-claude': simulator({ speaks: 'anthropic-messages' }),
        chat: openaiCompatible({ baseUrl, apiKey: 'k' }),
        responses: openaiCompatible({ baseUrl, apiKey: 'k', speaks: ['openai-responses'] }),
        claude: anthropic({ baseUrl, apiKey: 'k' }),
      },
      models: {
        'sim-openai-chat': { to: 'sim-chat/sim-chat', price: 'free' },
        'sim-openai-responses': { to: 'sim-responses/sim-responses', price: 'free' },
        'sim-anthropic-messages': { to: 'sim-claude/sim-claude', price: 'free', maxOutputTokens: 4096 },
        'openai-chat': { to: 'chat/any', price: 'free' },
        'openai-responses': { to: 'responses/any', price: 'free' },
        'anthropic-messages': { to: 'claude/any', price: 'free', maxOutputTokens: 4096 },
      },
    },
  })
})
afterAll(async () => {
  await composed?.close()
  await upstream?.close()
})

async function send(wire: Wire, model: string, text: string, more: JsonObject = {}): Promise<string> {
  const { path, body, headers } = askIn(wire, model, true, text)
  const response = await composed.send(path, {
    method: 'POST',
    body: JSON.stringify({ ...body, ...more }),
    headers: { 'content-type': 'application/json', ...headers },
  })
  const bytes = await response.text()
  expect(response.status, bytes).toBe(200)
  return bytes
}

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const name = 'get_weather'

/** The tool of the examples, as each wire declares it. */
const tools: { readonly [wire in Wire]: JsonObject } = {
  'openai-chat': { tools: [{ type: 'function', function: { name, parameters } }] },
  'openai-responses': { tools: [{ type: 'function', name, parameters, strict: false }] },
  'anthropic-messages': { tools: [{ name, input_schema: parameters }] },
}

const oslo = { name, input: { city: 'Oslo' } }
const rome = { name, input: { city: 'Rome' } }

/** A wish to see the thinking, as each wire has it; the chat wire has no word for showing it. */
const thinking: { readonly [wire in Wire]: JsonObject } = {
  'openai-chat': { reasoning_effort: 'low' },
  'openai-responses': { reasoning: { effort: 'low', summary: 'auto' } },
  'anthropic-messages': {
    max_tokens: 4096,
    thinking: { type: 'enabled', budget_tokens: 1024, display: 'summarized' },
  },
}

/** What the simulators are asked to stream, and what has to be read from it on every wire. */
const scenarios: readonly {
  readonly what: string
  readonly ask: string
  readonly says: Partial<Reading>
  readonly reasoning?: string
}[] = [
  {
    what: 'plain text',
    ask: 'say one two three',
    says: { text: 'one two three', calls: [], finish: 'stop' },
  },
  {
    what: 'reasoning and text',
    ask: 'reason because of that\nsay one two',
    says: { text: 'one two', calls: [], finish: 'stop' },
    reasoning: 'because of that',
  },
  {
    what: 'two parallel calls',
    ask: 'call get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}',
    says: { text: '', calls: [oslo, rome], finish: 'tools' },
  },
  {
    what: 'text and a call',
    ask: 'say I look\ncall get_weather {"city":"Oslo"}',
    says: { text: 'I look', calls: [oslo], finish: 'tools' },
  },
  {
    what: 'reasoning and calls',
    ask: 'reason first this\ncall get_weather {"city":"Oslo"}\ncall get_weather {"city":"Rome"}',
    says: { text: '', calls: [oslo, rome], finish: 'tools' },
    reasoning: 'first this',
  },
  {
    what: 'a stop for length',
    ask: 'count 50\nlength 4',
    says: { text: '1 2 3 4', calls: [], finish: 'length' },
  },
  { what: 'a refusal', ask: 'refuse', says: { calls: [] } },
  { what: 'an empty answer', ask: 'empty', says: { text: '', refusal: '', calls: [], finish: 'stop' } },
]

describe.each(wires)('a client of %s', (wire) => {
  describe.each(wires)('over a simulator of %s', (from) => {
    it.each(scenarios)('reads $what', async ({ ask, says, reasoning }) => {
      const bytes = await send(wire, `sim-${from}`, ask, {
        ...tools[wire],
        ...(reasoning !== undefined && thinking[wire]),
      })
      readStrictly(wire, bytes)
      const reading = readStream(wire, bytes)
      expect(reading).toMatchObject(says)
      expect(reading.usage?.input).toBeGreaterThan(0)
      if (reasoning !== undefined) {
        // Which is why an upstream that shows none unasked is not asked.
        const hidden = wire === 'openai-chat' && from === 'openai-responses'
        expect(reasoningIn(wire, bytes)).toBe(hidden ? '' : reasoning)
      }
      if (ask === 'refuse') {
        // Anthropic declines by its stop reason, without a word.
        const words = from === 'anthropic-messages' ? '' : "I'm sorry, but I can't help with that."
        expect(`${reading.text}${reading.refusal}`).toBe(words)
        expect(reading.finish).toBe([wire, from].includes('anthropic-messages') ? 'filter' : 'stop')
      }
    })
  })
})

/** The thinking that a stream shows. */
function reasoningIn(wire: Wire, bytes: string): string {
  return framesOf(bytes)
    .map((frame) => {
      if (wire === 'openai-responses') {
        return /reasoning_\w*text\.delta$/.test(String(frame['type'])) ? String(frame['delta']) : ''
      }
      if (wire === 'anthropic-messages') {
        return String((frame['delta'] as JsonObject | undefined)?.['thinking'] ?? '')
      }
      const [choice] = frame['choices'] as readonly { readonly delta: JsonObject }[]
      return String(choice?.delta['reasoning_content'] ?? '')
    })
    .join('')
}

const folders: { readonly [wire in Wire]: string } = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'anthropic',
}

describe.each(wires)('recorded streams of %s', (from) => {
  const streams = answersOf(
    from,
    loadFixtures(new URL(`../fixtures/${folders[from]}`, import.meta.url)),
  ).filter(({ stream, failed }) => stream && !failed)
  // Of its own wire a stream is relayed as it came, with what its host does in its own way.
  describe.each(wires.filter((wire) => wire !== from))('for a client of %s', (wire) => {
    it.each(streams.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      upstream.replyWith(() => ({ headers: { 'content-type': 'text/event-stream' }, body: one.bytes }))
      const bytes = await send(wire, from, 'hello')
      expect(() => readStrictly(wire, bytes)).not.toThrow()
    })
  })
})
