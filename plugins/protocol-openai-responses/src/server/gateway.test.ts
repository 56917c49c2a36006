import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayError, type GatewayEvent, type ProviderPlugin } from '@gantry/core'
import { createTestGateway, type TestGateway } from '@gantry/testing'
import openaiResponses from '../index.ts'

const events: readonly GatewayEvent[] = [
  { type: 'start', id: 'x', model: 'served', createdAt: 1 },
  { type: 'part-start', index: 0, part: { type: 'text', text: '' } },
  { type: 'part-delta', index: 0, delta: { type: 'text', text: 'hello' } },
]
const ending: readonly GatewayEvent[] = [
  { type: 'part-end', index: 0 },
  { type: 'usage', usage: { tokens: { input: 3, output: 1 }, source: 'upstream', final: true } },
  { type: 'finish', finish: { reason: 'stop' } },
  { type: 'end' },
]

/** Makes events itself; the model `breaks` stops after its first word. */
const provider: ProviderPlugin = {
  name: 'provider-test',
  provider: (name) => ({
    name,
    cancelStopsBilling: true,
    generate(request, emit) {
      for (const event of events) emit(event)
      if (request.model === 'breaks') {
        throw new GatewayError({ class: 'upstream_failed', message: 'The line is dead.', source: 'upstream' })
      }
      for (const event of ending) emit(event)
    },
  }),
}

let gateway: TestGateway
let openai: OpenAI

beforeAll(async () => {
  gateway = await createTestGateway({
    plugins: [openaiResponses()],
    providers: { own: provider },
    models: { works: { to: 'own/works', price: 'free' }, breaks: { to: 'own/breaks', price: 'free' } },
    groups: { all: { models: ['*'] } },
    defaultGroup: 'all',
  })
  openai = new OpenAI({ apiKey: 'k', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
})

afterAll(() => gateway.close())

describe('a gateway with this wire', () => {
  it('answers the official SDK, whole and streamed', async () => {
    const whole = await openai.responses.create({ model: 'works', input: 'hi' })
    expect(whole).toMatchObject({ status: 'completed', output_text: 'hello', store: false })
    const streamed = await openai.responses.stream({ model: 'works', input: 'hi' }).finalResponse()
    expect(streamed.output_text).toBe('hello')
    expect(streamed.usage).toMatchObject({ input_tokens: 3, output_tokens: 1, total_tokens: 4 })
  })

  it.each(['/responses', '/v1/responses', '/v1/v1/responses'])('serves %s', async (path) => {
    const response = await post(path, { model: 'works', input: 'hi' })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ object: 'response' })
  })

  it('refuses what it cannot read with the field, before anything is sent', async () => {
    const response = await post('/v1/responses', {
      model: 'works',
      input: [{ role: 'user', content: [{ type: 'x' }] }],
    })
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { message: string } }
    expect(error).toMatchObject({
      type: 'invalid_request_error',
      code: 'invalid_value',
      param: 'input[0].content[0].type',
    })
    expect(error.message).toMatch(/\(request id: \w+\)$/)
  })

  it('ends a stream that broke with both frames, and with nothing after them', async () => {
    const text = await (await post('/v1/responses', { model: 'breaks', input: 'hi', stream: true })).text()
    const types = [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)
    expect(types.slice(-2)).toEqual(['error', 'response.failed'])
    expect(types).toContain('response.output_text.delta')
    expect(types).not.toContain('response.completed')
  })
})

function post(path: string, body: object): Promise<Response> {
  return gateway.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}
