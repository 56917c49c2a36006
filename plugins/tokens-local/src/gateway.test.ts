import type { ProviderPlugin } from '@gantry/core'
import { anthropicMessages } from '@gantry/protocol-anthropic-messages'
import { openaiChat } from '@gantry/protocol-openai-chat'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import { createTestGateway, type TestGateway } from '@gantry/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tokensLocal } from './index.ts'
import { recordedCounts } from './recorded.test-support.ts'

const counts = recordedCounts().filter(({ isCount }) => isCount)

/** A host whose wire has no way to ask. */
const uncounted: ProviderPlugin = {
  name: 'uncounted',
  provider: (name) => ({
    name,
    speaks: ['openai-chat'],
    cancelStopsBilling: true,
    endpoint: () => ({ url: 'http://127.0.0.1:1', headers: {} }),
  }),
}

let gateway: TestGateway
beforeAll(async () => {
  gateway = await createTestGateway<string, string, string>({
    plugins: [anthropicMessages(), openaiChat(), openaiResponses(), tokensLocal()],
    providers: { host: uncounted },
    models: Object.fromEntries(counts.map(({ model }) => [model, { to: `host/${model}`, price: 'free' }])),
    groups: {},
  })
})
afterAll(() => gateway.close())

const ask = (path: string, body: object): Promise<Response> =>
  gateway.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

it.each(counts)(
  'answers a recorded count in its own form: $name ($tokens)',
  async ({ path, body, tokens }) => {
    const response = await ask(path, body)
    expect(response.status).toBe(200)
    const { input_tokens: found } = (await response.json()) as { readonly input_tokens: number }
    expect(Math.abs(found - tokens) / tokens).toBeLessThanOrEqual(0.15)
  },
)

it('answers what a client asks for at once, tools or none', async () => {
  const model = 'claude-sonnet-4-5'
  const messages = [{ role: 'user', content: 'How full is it? '.repeat(200) }]
  const tools = Array.from({ length: 26 }, (_, at) => (at === 0 ? [] : [tool(at)]))
  const found = await Promise.all(
    tools.map(async (given) => {
      const response = await ask('/v1/messages/count_tokens?beta=true', { model, messages, tools: given })
      expect(response.status).toBe(200)
      return ((await response.json()) as { readonly input_tokens: number }).input_tokens
    }),
  )
  const [without, ...others] = found
  expect(others.every((one) => one > without! + 490)).toBe(true)
  const logged = (await gateway.settled(counts.length + 26)).slice(-26)
  expect(logged.every(({ usage, lines }) => usage.source === 'estimated' && lines.length === 0)).toBe(true)
  expect(gateway.bills).toEqual([])
})

function tool(at: number): object {
  return {
    name: `tool_${at}`,
    description: 'Does one of many things.',
    input_schema: { type: 'object', properties: { path: { type: 'string', description: 'Where.' } } },
  }
}
