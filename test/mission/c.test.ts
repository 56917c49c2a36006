import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { bothWires, sdk, weather } from '../support/sdk.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname
let gateway: ChildGateway
let standard: string
let vip: string

beforeAll(async () => {
  gateway = await startGateway(config)
  standard = await gateway.key('standard')
  vip = await gateway.key('vip')
})
afterAll(() => gateway?.stop())

it('C1 keys in Authorization or in x-api-key', async () => {
  for (const headers of [{ authorization: `Bearer ${standard}` }, { 'x-api-key': standard }] as Record<
    string,
    string
  >[]) {
    const response = await fetch(`${gateway.url}/v1/models`, { headers })
    expect(response.status).toBe(200)
    await response.text()
  }
})

describe('C2 models', () => {
  it('with id, object and owned_by, and only those of the key’s group, names exact', async () => {
    const list = await sdk(gateway.url, standard).models.list()
    expect(list.data.map((model) => model.id).toSorted()).toEqual([
      'Sim-Claude-4.6',
      'sim-chat',
      'sim-locked',
      'sim-responses',
      'sim-unpriced',
    ])
    for (const model of list.data)
      expect(model).toMatchObject({ object: 'model', owned_by: expect.any(String) as string })
    const all = await sdk(gateway.url, vip).models.list()
    expect(all.data.map((model) => model.id)).toContain('only-vip')
  })

  it('one by id; another group’s is not there', async () => {
    expect(await sdk(gateway.url, vip).models.retrieve('only-vip')).toMatchObject({
      id: 'only-vip',
      object: 'model',
    })
    await expect(sdk(gateway.url, standard).models.retrieve('only-vip')).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
  })
})

describe.each(bothWires)('C3 chat over %s', (_wire, model) => {
  it('takes every listed field and reports usage', async () => {
    const answer = await sdk(gateway.url, standard).chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'say yes' }],
      temperature: 0.2,
      max_tokens: 20,
      top_p: 1,
      stop: 'END',
      presence_penalty: 0,
      frequency_penalty: 0,
      tools: [weather],
      tool_choice: 'auto',
    })
    expect(answer.choices[0]?.message.content).toBe('yes')
    expect(answer.usage).toMatchObject({
      prompt_tokens: expect.any(Number) as number,
      completion_tokens: expect.any(Number) as number,
      total_tokens: expect.any(Number) as number,
    })
  })

  it('n', async () => {
    const answer = await sdk(gateway.url, standard).chat.completions.create({
      model,
      n: 2,
      messages: [{ role: 'user', content: 'say two' }],
    })
    expect(answer.choices.map(({ index, message }) => [index, message.content])).toEqual([
      [0, 'two'],
      [1, 'two'],
    ])
  })
})

it.each(bothWires)('C4 streams chunks, then [DONE], over %s', async (_wire, model) => {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-api-key': standard, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'count 5' }] }),
  })
  const text = await response.text()
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(text).not.toMatch(/^event:/m)
})

describe('C7 errors in OpenAI’s envelope', () => {
  const fail = (key: string, model: string, content = 'hi'): Promise<unknown> =>
    sdk(gateway.url, key)
      .chat.completions.create({ model, messages: [{ role: 'user', content }] })
      .catch((error: unknown) => error)

  it('400', async () => {
    const failure = await sdk(gateway.url, standard)
      .chat.completions.create({ model: 'sim-chat', messages: [{ role: 'robot', content: 'hi' } as never] })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect(failure).toMatchObject({
      type: 'invalid_request_error',
      param: expect.stringContaining('messages') as string,
    })
  })

  it('401 invalid_api_key', async () => {
    expect(await fail('nope', 'sim-chat')).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(await fail('nope', 'sim-chat')).toMatchObject({ code: 'invalid_api_key' })
  })

  it('403 for a model of another group', async () => {
    expect(await fail(standard, 'only-vip')).toBeInstanceOf(OpenAI.PermissionDeniedError)
  })

  it('404 for a model that is not there; case counts', async () => {
    expect(await fail(standard, 'no-such-model')).toBeInstanceOf(OpenAI.NotFoundError)
    expect(await fail(standard, 'SIM-CHAT')).toMatchObject({ status: 404, code: 'model_not_found' })
  })

  it.each(bothWires)('429 of %s with its retry-after, marked as upstream', async (_wire, model) => {
    const failure = await fail(standard, model, 'fail 429 retry-after 2')
    expect(failure).toBeInstanceOf(OpenAI.RateLimitError)
    const headers = (failure as InstanceType<typeof OpenAI.RateLimitError>).headers
    expect(headers?.get('retry-after')).toBe('2')
    expect(headers?.get('x-gantry-error-source')).toBe('upstream')
  })

  it('502 for an upstream that breaks, and an error inside the stream when it breaks late', async () => {
    expect(await fail(standard, 'sim-chat', 'html')).toMatchObject({ status: 502 })
    for (const [, model] of bothWires) {
      const stream = sdk(gateway.url, standard).chat.completions.stream({
        model,
        messages: [{ role: 'user', content: 'cut after 2' }],
      })
      await expect(stream.finalChatCompletion()).rejects.toBeInstanceOf(OpenAI.APIError)
    }
  })
})
