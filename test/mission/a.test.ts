import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChildGateway, startGateway } from '../support/gateway.ts'
import { python, pythonMissing } from '../support/python.ts'
import { bothWires, sdk } from '../support/sdk.ts'

const config: string = new URL('gateway.config.ts', import.meta.url).pathname
let gateway: ChildGateway
let key: string

beforeAll(async () => {
  gateway = await startGateway(config)
  key = await gateway.key('standard')
})
afterAll(() => gateway?.stop())

describe.each(bothWires)('A2 chat completions over %s', (_wire, model) => {
  it('answers whole', async () => {
    const answer = await sdk(gateway.url, key).chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'say hello there' }],
    })
    expect(answer.object).toBe('chat.completion')
    expect(answer.choices[0]?.message).toMatchObject({ role: 'assistant', content: 'hello there' })
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    expect(answer.usage?.total_tokens).toBe(answer.usage!.prompt_tokens + answer.usage!.completion_tokens)
  })

  it('streams', async () => {
    const stream = sdk(gateway.url, key).chat.completions.stream({
      model,
      messages: [{ role: 'user', content: 'say hello there' }],
      stream_options: { include_usage: true },
    })
    const pieces: string[] = []
    stream.on('content', (delta) => pieces.push(delta))
    const answer = await stream.finalChatCompletion()
    expect(pieces.join('')).toBe('hello there')
    expect(pieces.length).toBeGreaterThan(1)
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0)
  })
})

describe('A6 the official SDKs work with only base URL and key changed', () => {
  it('Node: under /v1 and without it', async () => {
    for (const path of ['/v1', '', '/v1/v1']) {
      const answer = await sdk(gateway.url, key, path).chat.completions.create({
        model: 'sim-chat',
        messages: [{ role: 'user', content: 'say same' }],
      })
      expect(answer.choices[0]?.message.content).toBe('same')
    }
  })

  it.skipIf(pythonMissing)('Python: lists, chats, streams, and raises typed errors', async () => {
    const result = await python('openai_sdk.py', { GANTRY_URL: `${gateway.url}/v1`, GANTRY_KEY: key })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(result.stdout)).toEqual({
      models: ['Sim-Claude-4.6', 'sim-chat', 'sim-locked', 'sim-responses', 'sim-unpriced'],
      whole: { 'sim-chat': 'hello there', 'Sim-Claude-4.6': 'hello there' },
      streamed: { 'sim-chat': 'hello there', 'Sim-Claude-4.6': 'hello there' },
      tool: { 'sim-chat': { city: 'Oslo' }, 'Sim-Claude-4.6': { city: 'Oslo' } },
      errors: { key: 'AuthenticationError', model: 'NotFoundError', group: 'PermissionDeniedError' },
    })
  })
})

describe('A11 errors', () => {
  const bodyOf = async (
    response: Response,
  ): Promise<{ error: { message: string; type: string; code: string | null } }> =>
    (await response.json()) as { error: { message: string; type: string; code: string | null } }

  it('every answer carries our request id, and every error names it; the client’s own id is never ours', async () => {
    const good = await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${key}`, 'x-request-id': 'mine' },
    })
    expect(good.headers.get('x-request-id')).toMatch(/^req_/)
    for (const [path, headers] of [
      ['/v1/models', { 'x-request-id': 'mine' }],
      ['/v1/nothing', { authorization: `Bearer ${key}` }],
    ] as const) {
      const bad = await fetch(`${gateway.url}${path}`, { headers })
      const id = bad.headers.get('x-request-id')!
      expect(id).toMatch(/^req_/)
      expect((await bodyOf(bad)).error.message).toContain(`(request id: ${id})`)
    }
  })

  it('401 for a missing, malformed, unknown, revoked and expired key, with one body', async () => {
    const revoked = await gateway.key('standard')
    const { items: list } = JSON.parse((await gateway.command('keys', 'list', '--json')).stdout) as {
      items: {
        id: string
        lastFour?: string
      }[]
    }
    const id = list.find((one) => one.lastFour === revoked.slice(-4))!.id
    expect((await gateway.command('keys', 'revoke', id)).code).toBe(0)
    const soon = Date.now() + 12_000
    const expired = await gateway.key('standard', { expires: new Date(soon).toISOString() })
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, soon - Date.now()) + 50))
    const unknown = `${key.slice(0, -12)}000000000000`
    const bodies: string[] = []
    for (const shown of [undefined, 'nonsense', unknown, revoked, expired]) {
      const response = await fetch(
        `${gateway.url}/v1/models`,
        shown ? { headers: { authorization: `Bearer ${shown}` } } : {},
      )
      expect(response.status).toBe(401)
      const id = response.headers.get('x-request-id')!
      bodies.push((await response.text()).replaceAll(id, 'ID'))
    }
    expect(new Set(bodies).size).toBe(1)
    expect(JSON.parse(bodies[0]!)).toMatchObject({ error: { code: 'invalid_api_key' } })
    const failure = sdk(gateway.url, 'nonsense').models.list()
    await expect(failure).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
  })

  it('404 “Invalid URL” for a wrong path', async () => {
    const response = await fetch(`${gateway.url}/v1/foo`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(404)
    expect((await bodyOf(response)).error).toMatchObject({
      message: expect.stringMatching(/^Invalid URL \(POST \/v1\/foo\)/) as string,
      type: 'invalid_request_error',
    })
  })

  it('429 insufficient_quota for an empty wallet, which the SDK does not retry', async () => {
    const poor = await gateway.key('standard', { account: 'poor', credit: '0.000000001' })
    let calls = 0
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: poor,
      maxRetries: 3,
      fetch: (url, init) => {
        calls++
        return fetch(url, init)
      },
    })
    const failure = await client.chat.completions
      .create({ model: 'sim-chat', messages: [{ role: 'user', content: 'hi' }] })
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenAI.RateLimitError)
    expect(failure).toMatchObject({ status: 429, code: 'insufficient_quota' })
    expect((failure as InstanceType<typeof OpenAI.RateLimitError>).headers?.get('retry-after')).toBeNull()
    expect(calls).toBe(1)
  })

  it.each(bothWires)('500, 502 and 503 for trouble of %s, in our words', async (_wire, model) => {
    const client = sdk(gateway.url, key)
    for (const [instruction, status] of [
      ['fail 500', 502],
      ['fail 503', 503],
      ['html', 502],
      ['blank', 502],
    ] as const) {
      const failure = await client.chat.completions
        .create({ model, messages: [{ role: 'user', content: instruction }] })
        .catch((error: unknown) => error)
      expect(failure, instruction).toBeInstanceOf(OpenAI.InternalServerError)
      expect(failure, instruction).toMatchObject({ status })
    }
  })

  it('503 for a model without a price: never free by accident', async () => {
    const failure = await sdk(gateway.url, key)
      .chat.completions.create({ model: 'sim-unpriced', messages: [{ role: 'user', content: 'hi' }] })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 503, code: 'model_price_missing' })
  })

  it('never tells a client that its key is bad because ours is', async () => {
    const failure = await sdk(gateway.url, key)
      .chat.completions.create({ model: 'sim-locked', messages: [{ role: 'user', content: 'hi' }] })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 502 })
    const text = JSON.stringify((failure as { error: unknown }).error)
    expect(text).not.toMatch(/api.?key|wrong|credential/i)
    expect(gateway.output()).not.toContain('a-dead-key')
  })
})
