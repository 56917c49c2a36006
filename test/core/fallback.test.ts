import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, faults, type FakeUpstream, type Reply } from '@gantry/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AttemptOutcome, GatewayOptions, HookMap, ModelEntry } from '@gantry/core'
import { compose, type Composed } from '../support/compose.ts'
import { chatAnswer, chatFrames, chunk, messagesAnswer, sse, textIn } from './upstream.ts'

let first: FakeUpstream
let second: FakeUpstream
let composed: Composed | undefined
const rejections: unknown[] = []
const collect = (reason: unknown): void => void rejections.push(reason)

beforeEach(async () => {
  process.on('unhandledRejection', collect)
  first = await createFakeUpstream()
  second = await createFakeUpstream()
})
afterEach(async () => {
  await composed?.close()
  composed = undefined
  await first.close()
  await second.close()
  process.off('unhandledRejection', collect)
  expect(rejections).toEqual([])
})

const timeouts = { connectMs: 400, firstByteMs: 250, idleMs: 250, totalMs: 2000 }

async function start(
  options: {
    hooks?: HookMap
    to?: ModelEntry<string>['to']
    retryAfterSent?: boolean
    keys?: string[]
    entry?: Partial<ModelEntry<string>>
    groups?: { readonly [name: string]: { models: string[]; to?: string[] } }
    defaultGroup?: string
    gateway?: GatewayOptions
  } = {},
): Promise<Composed> {
  const { retryAfterSent = false } = options
  composed = await compose({
    ...(options.gateway ? { gateway: options.gateway } : {}),
    ...(options.hooks ? { hooks: options.hooks } : {}),
    config: {
      providers: {
        a: openaiCompatible({
          baseUrl: `${first.url}/v1`,
          apiKey: options.keys ?? 'key-of-the-first',
          timeouts,
          retryAfterSent,
        }),
        b: openaiCompatible({ baseUrl: `${second.url}/v1`, apiKey: 'key-of-the-second', timeouts }),
        c: anthropic({ baseUrl: `${second.url}/v1`, apiKey: 'key-of-the-third', timeouts }),
      },
      models: { m: { to: options.to ?? ['a/one', 'b/two'], price: 'free', ...options.entry } },
      groups: options.groups ?? {},
      ...(options.defaultGroup === undefined ? {} : { defaultGroup: options.defaultGroup }),
    },
  })
  return composed
}

async function ask(stream: boolean): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await composed!.chat({
    model: 'm',
    stream,
    messages: [{ role: 'user', content: 'hi' }],
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const good = (stream: boolean): Reply =>
  stream ? { events: chatFrames(['from', ' two']) } : chatAnswer('from two')
const contentOf = (text: string, stream: boolean): string =>
  stream
    ? textIn(text)
    : (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content

/** Every way a first target fails before its first byte that another may not. */
const failures: { readonly [name: string]: (stream: boolean) => Reply } = {
  'status 500': () => faults.status(500),
  'status 503': () => faults.status(503),
  'status 429': () => faults.status(429),
  'a refused credential': () => faults.status(401),
  'an empty wallet': () => faults.status(402),
  'a web page': () => faults.html(),
  'an empty 200': () => faults.empty(),
  'an empty event stream': () => faults.empty('text/event-stream'),
  'an error inside a 200': () => ({ json: { error: { message: 'boom', type: 'server_error' } } }),
  'an error frame first': (stream) =>
    stream
      ? {
          events: [
            chunk({ role: 'assistant' }),
            { data: '{"error":{"message":"boom","type":"server_error"}}' },
          ],
        }
      : faults.status(502),
  'a reset before the head': () => ({
    headers: { 'content-type': 'text/event-stream' },
    body: '',
    end: 'reset',
  }),
  'a cut after the role': (stream) =>
    stream
      ? {
          headers: { 'content-type': 'text/event-stream' },
          body: sse([chunk({ role: 'assistant' })]),
          end: 'cut',
        }
      : { headers: { 'content-type': 'application/json' }, body: '{"id":', end: 'cut' },
}

describe.each([false, true])('before the first byte the next target answers (streamed: %s)', (stream) => {
  it.each(Object.keys(failures))('%s', async (name) => {
    const outcomes: AttemptOutcome[] = []
    const gateway = await start({
      hooks: { 'route.outcome': (_context, outcome) => void outcomes.push(outcome) },
    })
    first.reply(failures[name]!(stream))
    second.reply(good(stream))
    const { status, text, headers } = await ask(stream)
    expect(status, text).toBe(200)
    expect(contentOf(text, stream)).toBe('from two')
    expect(headers.get('x-gantry-target')).toBe('b/two')
    await expect.poll(() => gateway.settled.length).toBe(1)
    const settled = gateway.settled[0]!
    expect(settled).toMatchObject({ outcome: 'completed', target: { provider: 'b' } })
    expect(settled.id).toBe(headers.get('x-request-id'))
    expect(settled.usage.source).toBe('upstream')
    expect(settled.attempts.map(({ target, error }) => [target.provider, error !== undefined])).toEqual([
      ['a', true],
      ['b', false],
    ])
    expect(outcomes.map(({ committed }) => committed)).toEqual([false, true])
    expect(outcomes[1]).toMatchObject({ usage: { source: 'upstream' } })
    expect(first.requests).toHaveLength(1)
    expect(gateway.lines.filter(({ message }) => message === 'an attempt failed')).toHaveLength(1)
  })

  it('a connection that is refused', async () => {
    const gateway = await start()
    await first.close()
    second.reply(good(stream))
    const { status, text } = await ask(stream)
    expect(status).toBe(200)
    expect(contentOf(text, stream)).toBe('from two')
    await expect.poll(() => gateway.settled[0]?.attempts.length).toBe(2)
    first = await createFakeUpstream()
  })

  it('a target that speaks another wire', async () => {
    await start({ to: ['a/one', 'c/two'] })
    first.reply(faults.status(500))
    second.reply(
      stream
        ? {
            events: [
              {
                event: 'message_start',
                data: '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"t","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}',
              },
              {
                event: 'content_block_start',
                data: '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
              },
              {
                event: 'content_block_delta',
                data: '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"from two"}}',
              },
              { event: 'content_block_stop', data: '{"type":"content_block_stop","index":0}' },
              {
                event: 'message_delta',
                data: '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}',
              },
              { event: 'message_stop', data: '{"type":"message_stop"}' },
            ],
          }
        : messagesAnswer('from two'),
    )
    const { status, text } = await ask(stream)
    expect(status, text).toBe(200)
    expect(contentOf(text, stream)).toBe('from two')
  })
})

describe('never', () => {
  it.each([
    [
      'a request fault',
      faults.status(400, { error: { message: 'temperature', type: 'invalid_request_error' } }),
      400,
    ],
    ['what the policy refuses', faults.status(413, { error: { message: 'too big' } }), 413],
  ] as const)('after %s', async (_name, reply, status) => {
    await start()
    first.reply(reply)
    expect((await ask(false)).status).toBe(status)
    expect(second.requests).toHaveLength(0)
  })

  it('after the first byte', async () => {
    const gateway = await start()
    first.reply({
      headers: { 'content-type': 'text/event-stream' },
      body: sse([chunk({ role: 'assistant' }), chunk({ content: 'half' })]),
      end: 'cut',
    })
    const { text } = await ask(true)
    expect(textIn(text)).toBe('half')
    expect(text).toContain('"error"')
    expect(second.requests).toHaveLength(0)
    await expect.poll(() => gateway.settled[0]?.outcome).toBe('failed')
    expect(gateway.settled[0]?.attempts).toHaveLength(1)
    expect(gateway.settled[0]?.attempts[0]?.error).toMatchObject({ source: 'upstream' })
  })

  it('after a request that was sent and timed out, unless the provider says it may', async () => {
    const gateway = await start()
    first.reply(faults.silent())
    expect((await ask(false)).status).toBe(504)
    expect(second.requests).toHaveLength(0)
    await gateway.close()
    await start({ retryAfterSent: true })
    first.reply(faults.silent())
    second.reply(good(false))
    expect((await ask(false)).status).toBe(200)
  })

  it('more than three attempts, whatever hooks say', async () => {
    await start({
      keys: ['key-number-1', 'key-number-2', 'key-number-3', 'key-number-4'],
      hooks: { 'route.outcome': () => 'next' },
    })
    first.replyWith(() => faults.status(500))
    expect((await ask(false)).status).toBe(502)
    expect(first.requests).toHaveLength(3)
    expect(new Set(first.requests.map((request) => request.headers['authorization'])).size).toBe(3)
    expect(second.requests).toHaveLength(0)
  })
})

describe('what a hook decides', () => {
  it('stop ends it, next goes on where core would not', async () => {
    const gateway = await start({ hooks: { 'route.outcome': () => 'stop' } })
    first.reply(faults.status(500))
    expect((await ask(false)).status).toBe(502)
    expect(second.requests).toHaveLength(0)
    await gateway.close()
    await start({ hooks: { 'route.outcome': () => 'next' } })
    first.reply(faults.status(400, { error: { message: 'x' } }))
    second.reply(good(false))
    expect((await ask(false)).status).toBe(200)
  })

  it('retry counts only where nothing was sent', async () => {
    const gateway = await start({
      hooks: { 'route.outcome': (_context, { error }) => (error ? 'retry' : undefined) },
    })
    first.reply(faults.status(500))
    second.reply(good(false))
    expect((await ask(false)).status).toBe(200)
    expect(first.requests).toHaveLength(1)
    await gateway.close()
    const again = await start({
      to: 'a/one',
      hooks: { 'route.outcome': (_context, { error }) => (error ? 'retry' : undefined) },
    })
    await first.close()
    expect((await ask(false)).status).toBe(502)
    await expect.poll(() => again.settled[0]?.attempts.length).toBe(3)
    first = await createFakeUpstream()
  })
})

describe('targets', () => {
  it('each credential is one, tried in turn', async () => {
    await start({ keys: ['key-number-1', 'key-number-2'] })
    first.reply(faults.status(401), chatAnswer('fine'))
    expect((await ask(false)).status).toBe(200)
    expect(first.requests.map((request) => request.headers['authorization'])).toEqual([
      'Bearer key-number-1',
      'Bearer key-number-2',
    ])
  })

  it('a group goes only where it may', async () => {
    await start({ groups: { g: { models: ['*'], to: ['b'] } }, defaultGroup: 'g' })
    second.reply(good(false))
    const { headers } = await ask(false)
    expect(headers.get('x-gantry-target')).toBe('b/two')
    expect(first.requests).toHaveLength(0)
  })

  it('an explicit one is never a fallback, and serves only its own name', async () => {
    const gateway = await start({ to: ['a/one', { to: 'b/two', explicit: true }] })
    first.reply(faults.status(500))
    expect((await ask(false)).status).toBe(502)
    expect(second.requests).toHaveLength(0)
    await gateway.close()
    await start({ to: { to: 'a/one', explicit: true } })
    expect((await ask(false)).status).toBe(503)
    await composed!.close()
    await start({ to: { to: 'a/m', explicit: true } })
    first.reply(good(false))
    expect((await ask(false)).status).toBe(200)
  })

  it('one that a route hook invents is left out, not a crash', async () => {
    const gateway = await start({
      hooks: {
        route: (context) => {
          context.targets.unshift({ provider: 'nobody', protocol: 'openai-chat', model: 'x' })
        },
      },
    })
    first.reply(good(false))
    expect((await ask(false)).status).toBe(200)
    expect(JSON.stringify(gateway.lines)).toContain('nobody')
  })

  it('a provider whose endpoint fails or hangs is left for the next', async () => {
    for (const endpoint of [
      () => Promise.reject(new Error('token service is down')),
      () => new Promise<never>(() => {}),
    ]) {
      composed = await compose({
        gateway: { timers: { endpoint: 60 } },
        config: {
          providers: {
            a: {
              name: 'broken',
              provider: (name) => ({ name, speaks: ['openai-chat'], cancelStopsBilling: true, endpoint }),
            },
            b: openaiCompatible({ baseUrl: `${second.url}/v1`, apiKey: 'key-of-the-second' }),
          },
          models: { m: { to: ['a/one', 'b/two'], price: 'free' } },
        },
      })
      second.reply(good(false))
      expect((await ask(false)).status).toBe(200)
      await expect.poll(() => composed?.settled[0]?.attempts.length).toBe(2)
      await composed.close()
    }
  })
})
