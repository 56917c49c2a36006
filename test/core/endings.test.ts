import { setTimeout as sleep } from 'node:timers/promises'
import type { AttemptOutcome, GatewayOptions, HookMap } from '@gantry/core'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, faults, type FakeUpstream } from '@gantry/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { chatAnswer, chatFrames, chunk, framesIn, sse, textIn, usageChunk } from './upstream.ts'

let upstream: FakeUpstream
let composed: Composed | undefined
const rejections: unknown[] = []
const collect = (reason: unknown): void => void rejections.push(reason)

beforeEach(async () => {
  process.on('unhandledRejection', collect)
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await composed?.close()
  composed = undefined
  await upstream.close()
  process.off('unhandledRejection', collect)
  expect(rejections.splice(0)).toEqual([])
})

async function start(
  hooks: HookMap = {},
  gateway: GatewayOptions = {},
  cancelStopsBilling = true,
): Promise<Composed> {
  composed = await compose({
    hooks,
    gateway,
    config: {
      providers: {
        host: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k', cancelStopsBilling }),
      },
      models: { m: { to: 'host/m', price: 'free' } },
    },
  })
  return composed
}
const ask = (stream: boolean, init?: RequestInit): Promise<Response> =>
  composed!.chat({ model: 'm', stream, messages: [{ role: 'user', content: 'hi' }] }, init)

/** A hook that holds its request until the test lets it go. */
function gate(): {
  hook: (context: { signal: AbortSignal }) => Promise<void>
  reached: Promise<void>
  open(): void
  signals: AbortSignal[]
} {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  return {
    signals,
    reached: reached.promise,
    open: opened.resolve,
    hook: (context) => {
      signals.push(context.signal)
      reached.resolve()
      return opened.promise
    },
  }
}

const phases = ['auth', 'route', 'bill.reserve', 'transform.request'] as const

describe('a client that leaves', () => {
  it.each(phases)('during %s: nothing is sent, settled once as aborted', async (moment) => {
    const held = gate()
    const settles: string[] = []
    const gateway = await start(
      { [moment]: held.hook, 'bill.settle': (context) => void settles.push(context.outcome) } as HookMap,
      {},
      false,
    )
    const gone = new AbortController()
    const pending = ask(true, { signal: gone.signal }).catch(() => undefined)
    await held.reached
    gone.abort()
    await pending
    await expect.poll(() => held.signals[0]?.aborted).toBe(true)
    held.open()
    await expect.poll(() => gateway.settled.length).toBe(1)
    expect(gateway.settled[0]).toMatchObject({ outcome: 'aborted', status: 499, usage: { source: 'none' } })
    expect(settles).toEqual(['aborted'])
    await sleep(30)
    expect(upstream.requests).toHaveLength(0)
  })

  it.each([false, true])('while the upstream is silent (streamed: %s)', async (stream) => {
    upstream.replyWith(() => faults.silent())
    const outcomes: AttemptOutcome[] = []
    const gateway = await start({ 'route.outcome': (_context, outcome) => void outcomes.push(outcome) })
    const gone = new AbortController()
    const pending = ask(stream, { signal: gone.signal }).catch(() => undefined)
    await upstream.request(0)
    gone.abort()
    await pending
    await expect.poll(() => gateway.settled[0]?.outcome).toBe('aborted')
    await expect.poll(() => upstream.connections).toBe(0)
    expect(outcomes).toHaveLength(1)
    expect(outcomes[0]).toMatchObject({ committed: false })
    expect(outcomes[0]?.error).toBeUndefined()
  })

  it('right after the reason still gets its numbers read', async () => {
    const gateway = await start({}, {}, false)
    const frames = chatFrames(['all', ' of it'], usageChunk(70, 90))
    upstream.reply({ events: frames, paceMs: 40 })
    const gone = new AbortController()
    const response = await ask(true, { signal: gone.signal })
    let text = ''
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    while (!text.includes('"finish_reason":"stop"')) text += (await reader.read()).value ?? ''
    gone.abort()
    await expect.poll(() => gateway.settled.length).toBe(1)
    expect(gateway.settled[0]?.usage).toMatchObject({ source: 'upstream', tokens: { input: 70, output: 90 } })
  })

  it('after the last frame got everything: that is completed', async () => {
    const gateway = await start({}, { timers: { linger: 2000 } }, true)
    upstream.reply({
      headers: { 'content-type': 'text/event-stream' },
      body: sse(chatFrames(['whole'])),
      end: 'never',
    })
    const gone = new AbortController()
    const response = await ask(true, { signal: gone.signal })
    let text = ''
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    while (!text.includes('[DONE]')) text += (await reader.read()).value ?? ''
    gone.abort()
    await expect.poll(() => gateway.settled[0]?.outcome).toBe('completed')
  })
})

describe('the time is over', () => {
  it.each(phases)('a drain ends a request that waits in %s, and nothing is sent for it', async (moment) => {
    const held = gate()
    const gateway = await start({ [moment]: held.hook } as HookMap, {
      deadlines: { auth: 400, route: 400, 'bill.reserve': 400, 'transform.request': 400 },
    })
    const pending = ask(false)
    await held.reached
    const drained = gateway.gateway.drain(20)
    await sleep(60)
    held.open()
    await drained
    const response = await pending
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('shutting_down')
    expect(gateway.settled).toHaveLength(1)
    expect(upstream.requests).toHaveLength(0)
  })

  it('also for a body that comes slowly', async () => {
    const gateway = await start()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('{"model"')),
    })
    const pending = gateway.gateway.fetch(
      new Request('http://x/v1/chat/completions', {
        method: 'POST',
        body,
        duplex: 'half',
        headers: { 'content-type': 'application/json' },
      } as RequestInit),
    )
    await sleep(30)
    const begun = performance.now()
    await gateway.gateway.drain(20)
    expect(performance.now() - begun).toBeLessThan(3000)
    expect((await pending).status).toBe(503)
    expect(gateway.settled).toHaveLength(1)
  })

  it('no further attempt is begun, whatever hooks say', async () => {
    upstream.replyWith(() => faults.silent())
    composed = await compose({
      hooks: { 'route.outcome': () => 'next' },
      config: {
        providers: {
          a: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: ['key-number-1', 'key-number-2'] }),
        },
        models: { m: { to: 'a/m', price: 'free' } },
      },
    })
    const pending = ask(false)
    await upstream.request(0)
    await composed.gateway.drain(20)
    expect((await pending).status).toBe(503)
    expect(upstream.requests).toHaveLength(1)
    expect(composed.settled).toHaveLength(1)
  })

  it('a stream gets an error it can read, and is settled before the drain is over', async () => {
    const gateway = await start()
    upstream.reply({ events: [chunk({ role: 'assistant' }), chunk({ content: 'half' })], end: 'never' })
    const response = await ask(true)
    const text = response.text()
    await sleep(50)
    await gateway.gateway.drain(20)
    expect(gateway.settled).toHaveLength(1)
    expect(textIn(await text)).toBe('half')
    expect(framesIn(await text).at(-1)).toMatchObject({ error: { code: 'shutting_down' } })
  })
})

describe('a deadline', () => {
  it.each(phases)('in %s aborts the signal of its request', async (moment) => {
    const held = gate()
    const gateway = await start({ [moment]: held.hook } as HookMap, {
      deadlines: { auth: 30, route: 30, 'bill.reserve': 30, 'transform.request': 30 },
    })
    const response = await ask(false)
    expect([500, 503]).toContain(response.status)
    expect(held.signals[0]?.aborted).toBe(true)
    await expect.poll(() => gateway.settled[0]?.outcome).toBe('refused')
    expect(gateway.settled[0]?.status).toBe(response.status)
  })

  it('that is kept leaves the signal alone', async () => {
    const signals: AbortSignal[] = []
    await start({ auth: (context) => void signals.push(context.signal) })
    upstream.reply(chatAnswer('fine'))
    await (await ask(false)).text()
    expect(signals[0]?.aborted).toBe(false)
  })
})

describe('the commit point by time', () => {
  it('counts from the beginning, also while the upstream has sent no head', async () => {
    const gateway = await start({}, { timers: { commitAfter: 60, keepAlive: 30 } })
    upstream.reply({ delayMs: 300, events: chatFrames(['late', ' but whole']) })
    const begun = performance.now()
    const response = await ask(true)
    expect(performance.now() - begun).toBeLessThan(250)
    const text = await response.text()
    expect(text).toMatch(/^: keep-alive/)
    expect(textIn(text)).toBe('late but whole')
    expect(text).toContain('[DONE]')
    await expect
      .poll(() => gateway.settled[0])
      .toMatchObject({ outcome: 'completed', usage: { source: 'upstream' } })
    expect(gateway.settled[0]?.firstOutputMs).toBeGreaterThan(250)
  })

  it('after it a refusal is an error in the stream, not another attempt', async () => {
    const second = await createFakeUpstream()
    composed = await compose({
      gateway: { timers: { commitAfter: 50 } },
      config: {
        providers: {
          a: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }),
          b: openaiCompatible({ baseUrl: `${second.url}/v1`, apiKey: 'k' }),
        },
        models: { m: { to: ['a/m', 'b/m'], price: 'free' } },
      },
    })
    upstream.reply({ ...faults.status(503), delayMs: 150 })
    const response = await ask(true)
    expect(response.status).toBe(200)
    const frames = framesIn(await response.text())
    expect(frames).toMatchObject([{ error: { message: expect.stringContaining('req_') as string } }])
    expect(second.requests).toHaveLength(0)
    await expect
      .poll(() => composed?.settled[0])
      .toMatchObject({ outcome: 'failed', usage: { source: 'none' } })
    expect(composed.settled[0]?.firstOutputMs).toBeUndefined()
    await second.close()
  })

  it('a client that leaves then is an abort without a charge', async () => {
    const gateway = await start({}, { timers: { commitAfter: 30 } })
    upstream.replyWith(() => faults.silent())
    const gone = new AbortController()
    const response = await ask(true, { signal: gone.signal })
    await response.body!.getReader().read()
    gone.abort()
    await expect
      .poll(() => gateway.settled[0])
      .toMatchObject({ outcome: 'aborted', usage: { source: 'none' } })
    await expect.poll(() => upstream.connections).toBe(0)
  })
})

it('what a stream used reaches route.outcome, and a stream that breaks is no success there', async () => {
  const outcomes: AttemptOutcome[] = []
  const gateway = await start({ 'route.outcome': (_context, outcome) => void outcomes.push(outcome) })
  upstream.reply({ events: chatFrames(['fine'], usageChunk(5, 6)) })
  await (await ask(true)).text()
  await expect.poll(() => gateway.settled.length).toBe(1)
  expect(outcomes[0]).toMatchObject({ committed: true, usage: { tokens: { input: 5, output: 6 } } })
  expect(outcomes[0]?.firstOutputMs).toBeLessThanOrEqual(outcomes[0]!.ms)
  upstream.reply({
    headers: { 'content-type': 'text/event-stream' },
    body: sse([chunk({ content: 'half' })]),
    end: 'cut',
  })
  await (await ask(true)).text()
  await expect.poll(() => gateway.settled.length).toBe(2)
  expect(outcomes).toHaveLength(2)
  expect(outcomes[1]).toMatchObject({ committed: true, error: { source: 'upstream' } })
})
