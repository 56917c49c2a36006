import type { GatewayConfig, GatewayEvent, HookMap, ModelEntry } from '@gantry/core'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, faults, type FakeUpstream } from '@gantry/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { chatAnswer, chatFrames, chunk, framesIn, messagesAnswer, sse, textIn } from './upstream.ts'

let upstream: FakeUpstream
let composed: Composed | undefined

beforeEach(async () => {
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await composed?.close()
  composed = undefined
  await upstream.close()
})

async function start(
  options: {
    hooks?: HookMap
    entry?: Partial<ModelEntry<string>>
    server?: GatewayConfig<string, string, string>['server']
    config?: Partial<GatewayConfig<string, string, string>>
  } = {},
): Promise<Composed> {
  composed = await compose({
    ...(options.hooks ? { hooks: options.hooks } : {}),
    config: {
      ...(options.server ? { server: options.server } : {}),
      providers: {
        chat: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'canary-provider-key' }),
        claude: anthropic({ baseUrl: `${upstream.url}/v1`, apiKey: 'canary-provider-key' }),
      },
      models: {
        alias: { to: 'chat/real', price: 'free', ...options.entry },
        claude: { to: 'claude/real', price: 'free', maxOutputTokens: 4096, ...options.entry },
      },
      defaultModel: 'alias',
      ...options.config,
    },
  })
  return composed
}
const user = { messages: [{ role: 'user', content: 'hi' }] }
const ask = (body: object): Promise<Response> => composed!.chat({ model: 'alias', ...user, ...body })
const sent = (index = 0): { [name: string]: unknown } => upstream.requests[index]!.json() as never

describe('what is spliced and what is encoded', () => {
  it('unknown fields, spacing and a model alias', async () => {
    const gateway = await start()
    upstream.reply(chatAnswer('x'))
    const body =
      '{ "model" : "alias",\n  "messages":[{"role":"user","content":"h\\u0069"}], "never_heard_of" : 1.50 }'
    const response = await gateway.send('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(200)
    expect(upstream.requests[0]!.text).toBe(body.replace('"alias"', '"real"'))
    expect(response.headers.get('x-gantry-model')).toBe('real')
    expect(response.headers.get('x-gantry-asked-model')).toBe('alias')
  })

  it('a body without a model gets the default one, and a byte order mark does no harm', async () => {
    const gateway = await start()
    upstream.reply(chatAnswer('x'), chatAnswer('x'))
    expect((await gateway.chat(user)).status).toBe(200)
    expect(sent()['model']).toBe('real')
    const response = await gateway.send('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `\uFEFF${JSON.stringify({ model: 'alias', ...user })}`,
    })
    expect([200, 400]).toContain(response.status)
    await response.text()
  })

  it('a replaced request is encoded, its answer still passes', async () => {
    const gateway = await start({
      hooks: {
        'transform.request': (context) => context.replace({ ...context.request, maxOutputTokens: 7 }),
      },
    })
    upstream.reply({ events: chatFrames(['a', 'b']) })
    const text = await (await ask({ stream: true, never_heard_of: 1 })).text()
    expect(textIn(text)).toBe('ab')
    expect(sent()).toMatchObject({ model: 'real', stream: true, never_heard_of: 1 })
    expect(JSON.stringify(sent())).toMatch(/"max_(completion_)?tokens":7/)
    await expect.poll(() => gateway.settled[0]?.relayed).toBe(true)
  })

  it('a hook that changes `stream` of a request does not change what the client gets', async () => {
    await start({
      hooks: {
        'transform.request': (context) =>
          context.replace({ ...context.request, stream: !context.request.stream }),
      },
    })
    upstream.reply({ events: chatFrames(['a']) }, chatAnswer('b'))
    expect(textIn(await (await ask({ stream: true })).text())).toBe('a')
    expect(sent(0)['stream']).toBe(true)
    expect(((await (await ask({})).json()) as { object: string }).object).toBe('chat.completion')
    expect(sent(1)['stream'] ?? false).toBe(false)
  })

  it('an envelope of ours in a body of the same protocol never reaches an upstream', async () => {
    await start()
    upstream.reply(chatAnswer('x'))
    const response = await ask({
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: 'a',
          reasoning_details: [
            { type: 'reasoning.encrypted', format: 'gantry-v1', data: 'gantry1.AAAA', index: 0 },
          ],
        },
        { role: 'user', content: 'go on' },
      ],
    })
    expect(response.status, await response.text()).toBe(200)
    expect(upstream.requests[0]!.text).not.toContain('gantry1.')
  })
})

it('every byte passes also when the first output comes late', async () => {
  await start()
  const bytes = `: hello\n\n${sse(chatFrames(['a', 'b']))}`
  upstream.reply({
    headers: { 'content-type': 'text/event-stream' },
    pieces: bytes.split(/(?<=\n\n)/),
    paceMs: 15,
  })
  const response = await ask({ stream: true, stream_options: { include_usage: true } })
  expect(await response.text()).toBe(bytes)
})

describe('echo: asked', () => {
  it.each([false, true])(
    'shows the client the name it asked for, everywhere (streamed: %s)',
    async (stream) => {
      await start({ entry: { echo: 'asked' } })
      const odd = {
        data: '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"theirs","choices":[],"prompt_filter_results":[]}',
      }
      upstream.reply(stream ? { events: [odd, ...chatFrames(['a'])] } : chatAnswer('a'))
      const text = await (
        await ask({ stream, stream_options: stream ? { include_usage: true } : undefined })
      ).text()
      expect(text).toContain('"model":"alias"')
      expect(text).not.toContain('theirs')
    },
  )

  it('converted too, and by default what the upstream says', async () => {
    await start({ entry: { echo: 'asked' } })
    upstream.reply(messagesAnswer('x'))
    expect(await (await ask({ model: 'claude' })).text()).toContain('"model":"claude"')
    await composed!.close()
    await start()
    upstream.reply(messagesAnswer('x'))
    expect(await (await ask({ model: 'claude' })).text()).toContain('"model":"theirs"')
  })
})

describe('headers of ours', () => {
  it.each([
    ['their own prefix', 'x-resold', /^x-resold-/],
    ['none', false, /^$/],
  ] as const)('%s', async (_name, headerPrefix, pattern) => {
    await start({ server: { headerPrefix } })
    upstream.reply(chatAnswer('x'), faults.status(500))
    for (let index = 0; index < 2; index++) {
      const response = await ask({ model: 'alias' })
      await response.text()
      const ours = [...response.headers.keys()].filter((name) => /target|error-source|-model/.test(name))
      expect(ours.every((name) => pattern.test(name))).toBe(true)
      expect(ours.length > 0).toBe(headerPrefix !== false)
      expect([...response.headers.keys()].some((name) => name.startsWith('x-gantry'))).toBe(false)
      expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    }
  })

  it('losses of a conversion: a header of at most 1 KB and the log with warn, nothing with allow, 400 with strict', async () => {
    const lossy = {
      model: 'claude',
      seed: 7,
      logit_bias: { 50256: -100 },
      presence_penalty: 1,
      frequency_penalty: 1,
    }
    const gateway = await start()
    upstream.reply(messagesAnswer('x'))
    const warned = await ask(lossy)
    expect(warned.status, await warned.text()).toBe(200)
    expect(warned.headers.get('x-gantry-loss')).toContain('seed')
    expect(warned.headers.get('x-gantry-loss')!.length).toBeLessThanOrEqual(1024)
    await expect.poll(() => gateway.settled[0]?.losses.length).toBeGreaterThan(2)
    await gateway.close()

    await start({ entry: { loss: 'allow' } })
    upstream.reply(messagesAnswer('x'))
    const allowed = await ask(lossy)
    await allowed.text()
    expect(allowed.headers.get('x-gantry-loss')).toBeNull()
    await composed!.close()

    await start({ entry: { loss: 'strict' } })
    const asked = upstream.requests.length
    const strict = await ask(lossy)
    expect(strict.status).toBe(400)
    expect(await strict.json()).toMatchObject({
      error: { param: expect.stringMatching(/seed|logit_bias|penalty/) as string },
    })
    expect(upstream.requests.length).toBe(asked)
    expect((await ask({ model: 'alias', seed: 7 })).status).not.toBe(400)
  })

  it('losses of the answer count too, streamed: in the log', async () => {
    const gateway = await start()
    upstream.reply({
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
          data: '{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"a","document_index":0,"document_title":"d","start_char_index":0,"end_char_index":1}}}',
        },
        {
          event: 'content_block_delta',
          data: '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"found"}}',
        },
        { event: 'content_block_stop', data: '{"type":"content_block_stop","index":0}' },
        {
          event: 'message_delta',
          data: '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}',
        },
        { event: 'message_stop', data: '{"type":"message_stop"}' },
      ],
    })
    expect(textIn(await (await ask({ model: 'claude', stream: true })).text())).toBe('found')
    await expect.poll(() => gateway.settled[0]?.losses.map(({ what }) => what)).toContain('part.citation')
  })
})

describe('what a client may read of an error', () => {
  const secret = 'canary-provider-key'
  it.each([false, true])('never a secret, in no field of it (streamed: %s)', async (stream) => {
    await start()
    const error = {
      error: {
        message: `bad field, key ${secret}`,
        type: `type-${secret}`,
        code: `code-${secret}`,
        param: `param-${secret}`,
      },
    }
    upstream.reply(
      faults.status(400, error),
      faults.status(500, error),
      stream
        ? { events: [chunk({ content: 'x' }), { data: JSON.stringify(error) }], paceMs: 30 }
        : faults.status(422, error),
    )
    for (let index = 0; index < 3; index++) {
      const response = await ask({ stream })
      const text = await response.text()
      expect(text).not.toContain(secret)
      if (index === 0) {
        expect(response.status).toBe(400)
        expect(text).toContain('bad field')
        expect(response.headers.get('x-gantry-error-source')).toBe('upstream')
      }
      if (index === 1) expect(text).not.toContain('bad field')
    }
    expect(JSON.stringify(composed!.lines)).not.toContain(secret)
  })

  it('nor in the middle of a converted stream', async () => {
    await start()
    upstream.reply({
      paceMs: 20,
      events: [
        {
          event: 'message_start',
          data: '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"t","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}',
        },
        {
          event: 'content_block_start',
          data: '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"x"}}',
        },
        {
          event: 'error',
          data: JSON.stringify({
            type: 'error',
            error: { type: 'invalid_request_error', message: `bad ${secret}` },
          }),
        },
      ],
    })
    const text = await (await ask({ model: 'claude', stream: true })).text()
    expect(text).toContain('"error"')
    expect(text).not.toContain(secret)
  })

  it('a request fault told inside a 200 is no 200', async () => {
    await start()
    upstream.reply({
      json: { error: { message: 'max_tokens is too large', type: 'invalid_request_error', code: 'x' } },
    })
    const response = await ask({})
    expect(response.status).toBeGreaterThanOrEqual(400)
    await response.text()
  })

  it('our own refusals say that they are ours', async () => {
    await start()
    const response = await ask({ model: 'no-such-model' })
    expect(response.headers.get('x-gantry-error-source')).toBe('gateway')
    await response.text()
  })
})

it('whole answers hooks emptied are still answers, and hooks do not change what is counted', async () => {
  const drop = (event: GatewayEvent): GatewayEvent | null =>
    event.type.startsWith('part')
      ? null
      : event.type === 'usage'
        ? { type: 'usage', usage: { tokens: {}, source: 'upstream', final: true } }
        : event
  for (const stream of [false, true]) {
    const gateway = await start({ hooks: { 'transform.event': () => drop } })
    upstream.reply(stream ? { events: chatFrames(['a', 'b', 'c']) } : chatAnswer('abc'))
    const response = await ask({ stream })
    expect(response.status, await response.text()).toBe(200)
    await expect
      .poll(() => gateway.settled[0])
      .toMatchObject({ outcome: 'completed', usage: { tokens: { input: 7, output: 3 } } })
    await gateway.close()
  }
})

it('comments of an upstream do not keep a converted client waiting in silence', async () => {
  composed = await compose({
    gateway: { timers: { keepAlive: 40 } },
    hooks: { 'transform.event': () => (event) => event },
    config: {
      providers: { chat: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }) },
      models: { alias: { to: 'chat/real', price: 'free' } },
    },
  })
  const frames = chatFrames(['a', 'b'])
  upstream.reply({
    headers: { 'content-type': 'text/event-stream' },
    pieces: (async function* pieces() {
      yield sse(frames.slice(0, 2))
      for (let count = 0; count < 12; count++) {
        await new Promise((resolve) => setTimeout(resolve, 15))
        yield ': OPENROUTER PROCESSING\n\n'
      }
      yield sse(frames.slice(2))
    })(),
  })
  const text = await (await ask({ stream: true })).text()
  expect(framesIn(text).at(-1)).toBe('[DONE]')
  expect(text.match(/^: keep-alive$/gm)?.length ?? 0).toBeGreaterThanOrEqual(2)
})
