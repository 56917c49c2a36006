import type { AnyPlugin, GatewayConfig, GenerateRequest, ProviderPlugin, TokenCounter } from '@gantry/core'
import { openaiChat } from '@gantry/protocol-openai-chat'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import {
  createFakeUpstream,
  createTestGateway,
  type FakeUpstream,
  type Reply,
  type TestGateway,
} from '@gantry/testing'
import { afterEach, expect, it } from 'vitest'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

const input = 'How many tokens am I?'

/** An upstream that speaks one wire. */
function speaking(url: string, protocol: string): ProviderPlugin {
  return {
    name: `speaks-${protocol}`,
    provider: (name) => ({
      name,
      speaks: [protocol],
      cancelStopsBilling: true,
      endpoint: () => ({ url: `${url}/v1`, headers: {} }),
    }),
  }
}

interface Counted {
  readonly request: GenerateRequest
  readonly model: string
  readonly signal: AbortSignal
}

function counter(count: TokenCounter['count']): { readonly plugin: AnyPlugin; readonly asked: Counted[] } {
  const asked: Counted[] = []
  return {
    asked,
    plugin: {
      name: 'tokens',
      provides: {
        tokens: [
          {
            name: 'mine',
            count: (request, model, signal) => {
              asked.push({ request, model, signal })
              return count(request, model, signal)
            },
          },
        ],
      },
    },
  }
}

async function start(
  options: {
    readonly reply?: Reply
    readonly plugins?: readonly AnyPlugin[]
    readonly config?: Partial<GatewayConfig<string, string, string>>
  } = {},
): Promise<{ readonly gateway: TestGateway; readonly upstream: FakeUpstream }> {
  const upstream = await createFakeUpstream({ replier: () => options.reply ?? { status: 500 } })
  opened.push(upstream)
  const gateway = await createTestGateway<string, string, string>({
    plugins: [openaiChat(), openaiResponses(), ...(options.plugins ?? [])],
    providers: {
      chat: speaking(upstream.url, 'openai-chat'),
      responses: speaking(upstream.url, 'openai-responses'),
    },
    models: {
      uncounted: { to: 'chat/upstream-name', price: 'free' },
      counted: { to: 'responses/upstream-name', price: 'free' },
      either: { to: ['responses/first', 'chat/second'], price: 'free' },
    },
    groups: {},
    ...options.config,
  })
  opened.push(gateway)
  return { gateway, upstream }
}

function ask(gateway: TestGateway, body: object, init: RequestInit = {}): Promise<Response> {
  return gateway.fetch('/v1/responses/input_tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input, ...body }),
    ...init,
  })
}

it('counts by itself where no wire of the model counts, in the client’s own form', async () => {
  const { plugin, asked } = counter(() => 1234)
  const { gateway, upstream } = await start({ plugins: [plugin] })
  const response = await ask(gateway, { model: 'uncounted' })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ object: 'response.input_tokens', input_tokens: 1234 })
  expect(response.headers.get('x-gantry-loss')).toBe('approximated tokens')
  expect(asked).toHaveLength(1)
  expect(asked[0]!.model).toBe('upstream-name')
  expect(asked[0]!.request.turns[0]!.parts).toMatchObject([{ type: 'text', text: input }])
  expect(upstream.requests).toEqual([])
})

it('logs the count as an estimate, and charges nothing for it', async () => {
  const { plugin } = counter(() => Promise.resolve(1234))
  const { gateway } = await start({ plugins: [plugin] })
  await (await ask(gateway, { model: 'uncounted' })).text()
  const [logged] = await gateway.settled(1)
  expect(logged).toMatchObject({
    operation: 'countTokens',
    model: 'uncounted',
    outcome: 'completed',
    status: 200,
    usage: { tokens: { input: 1234 }, source: 'estimated', final: true },
    lines: [],
    losses: [{ what: 'tokens', how: 'approximated', target: 'mine' }],
  })
  expect(logged!.target).toBeUndefined()
  expect(gateway.bills).toEqual([])
})

it('estimates by bytes without a counter, and with one that fails', async () => {
  const byBytes = Math.ceil(input.length / 3.5) + 4
  const failing = [
    () => Promise.reject(new Error('no worker')),
    () => Number.NaN,
    () => -1,
    () => 1.5,
    () => {
      throw new Error('at once')
    },
  ]
  for (const plugins of [[], ...failing.map((count) => [counter(count).plugin])]) {
    const { gateway } = await start({ plugins })
    const response = await ask(gateway, { model: 'uncounted' })
    expect(await response.json()).toMatchObject({ input_tokens: byBytes })
    const [logged] = await gateway.settled(1)
    expect(logged!.losses).toMatchObject([{ target: 'bytes' }])
    const warned = gateway.logger.lines.filter(({ message }) => /token counter/.test(message))
    expect(warned).toHaveLength(plugins.length)
  }
})

it('asks the upstream where its wire counts', async () => {
  const { plugin, asked } = counter(() => 1)
  const reply = { json: { object: 'response.input_tokens', input_tokens: 42 } }
  const { gateway, upstream } = await start({ plugins: [plugin], reply })
  expect(await (await ask(gateway, { model: 'counted' })).json()).toMatchObject({ input_tokens: 42 })
  expect(upstream.requests.map(({ path }) => path)).toEqual(['/v1/responses/input_tokens'])
  expect(asked).toEqual([])
})

it.each([404, 405, 501])('counts by itself when the upstream answers %i', async (status) => {
  const { plugin, asked } = counter(() => 77)
  const reply = { status, json: { error: { message: 'no such page', type: 'invalid_request_error' } } }
  const { gateway, upstream } = await start({ plugins: [plugin], reply })
  const response = await ask(gateway, { model: 'counted' })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ input_tokens: 77 })
  expect(upstream.requests).toHaveLength(1)
  expect(asked.map(({ model }) => model)).toEqual(['upstream-name'])
  const [logged] = await gateway.settled(1)
  expect(logged).toMatchObject({ outcome: 'completed', usage: { source: 'estimated' } })
  expect(logged!.target).toBeUndefined()
  expect(logged!.attempts).toHaveLength(1)
})

it.each([400, 429, 500])('passes on what else goes wrong upstream: %i', async (status) => {
  const { plugin, asked } = counter(() => 77)
  const reply = { status, json: { error: { message: 'bad', type: 'invalid_request_error' } } }
  const { gateway } = await start({ plugins: [plugin], reply })
  const response = await ask(gateway, { model: 'counted' })
  expect(response.status).toBeGreaterThanOrEqual(400)
  expect(asked).toEqual([])
})

it('never answers for a 404 of another operation', async () => {
  const reply = { status: 404, json: { error: { message: 'no such model', type: 'invalid_request_error' } } }
  const { gateway } = await start({ plugins: [counter(() => 77).plugin], reply })
  const response = await gateway.fetch('/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'counted', input }),
  })
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({
    error: { message: expect.stringContaining('no such model') },
  })
})

it('asks another target that counts before it counts by itself', async () => {
  const { plugin, asked } = counter(() => 77)
  const upstream = await createFakeUpstream({
    replier: (_request, index) =>
      index === 0 ? { status: 404 } : { json: { object: 'response.input_tokens', input_tokens: 42 } },
  })
  opened.push(upstream)
  const provider = speaking(upstream.url, 'openai-responses')
  const { gateway } = await start({
    plugins: [plugin],
    config: {
      providers: { one: provider, two: { ...provider, name: 'another' } },
      models: { m: { to: ['one/a', 'two/b'], price: 'free' } },
    },
  })
  expect(await (await ask(gateway, { model: 'm' })).json()).toMatchObject({ input_tokens: 42 })
  expect(asked).toEqual([])
})

it('refuses what generating would refuse: unknown models, other groups’ models and providers, bad bodies', async () => {
  const { plugin, asked } = counter(() => 77)
  const { gateway } = await start({
    plugins: [plugin],
    config: {
      groups: { small: { models: ['uncounted', 'either'], to: ['responses'] } },
      defaultGroup: 'small',
    },
  })
  const unknown = await ask(gateway, { model: 'nobody' })
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ error: { code: 'model_not_found' } })
  expect((await ask(gateway, { model: 'counted' })).status).toBe(403)
  // Its only provider is not one of the group's.
  expect((await ask(gateway, { model: 'uncounted' })).status).toBe(503)
  expect(asked).toEqual([])

  const { gateway: open } = await start({ plugins: [plugin] })
  const bad = await ask(open, { model: 'uncounted', input: [{ role: 'user', content: 7 }] })
  expect(bad.status).toBe(400)
  expect(asked).toEqual([])
})

it('counts as the first target would that the group may use', async () => {
  const { plugin, asked } = counter(() => 77)
  const { gateway } = await start({
    plugins: [plugin],
    config: { groups: { small: { models: ['either'], to: ['chat'] } }, defaultGroup: 'small' },
  })
  expect((await ask(gateway, { model: 'either' })).status).toBe(200)
  expect(asked.map(({ model }) => model)).toEqual(['second'])
})

it('shows no loss where the route allows all', async () => {
  const models = { quiet: { to: 'chat/x', price: 'free', loss: 'allow' } } as const
  const { gateway } = await start({ config: { models } })
  const response = await ask(gateway, { model: 'quiet' })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-gantry-loss')).toBeNull()
})

it('stops counting when the client leaves', async () => {
  const started = Promise.withResolvers<AbortSignal>()
  const { plugin } = counter((_request, _model, signal) => {
    started.resolve(signal)
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('left')), { once: true })
    })
  })
  const { gateway } = await start({ plugins: [plugin] })
  const leaving = new AbortController()
  const asking = ask(gateway, { model: 'uncounted' }, { signal: leaving.signal }).catch(() => {})
  const signal = await started.promise
  leaving.abort()
  await asking
  await expect.poll(() => signal.aborted).toBe(true)
  const [logged] = await gateway.settled(1)
  expect(logged).toMatchObject({ outcome: 'aborted', status: 499, usage: { source: 'none' } })
  expect(gateway.logger.lines.filter(({ message }) => /token counter/.test(message))).toEqual([])
})

it('ends with the gateway, also while a counter hangs', async () => {
  const { plugin, asked } = counter(() => new Promise(() => {}))
  const { gateway } = await start({ plugins: [plugin] })
  const asking = ask(gateway, { model: 'uncounted' })
  await expect.poll(() => asked.length).toBe(1)
  await gateway.close()
  const response = await asking.catch(() => undefined)
  expect(response?.status ?? 503).toBe(503)
})
