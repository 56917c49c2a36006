import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, faults, type FakeUpstream, type Reply } from '@gantry/testing'
import type { GatewayOptions } from '@gantry/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { chatAnswer, chatFrames, chunk, framesIn, sse, textIn } from './upstream.ts'

let upstream: FakeUpstream
let composed: Composed | undefined
const faultsSeen: unknown[] = []
const collect = (reason: unknown): void => void faultsSeen.push(reason)

beforeEach(async () => {
  process.on('unhandledRejection', collect)
  process.on('uncaughtExceptionMonitor', collect)
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await composed?.close()
  composed = undefined
  await upstream.close()
  process.off('unhandledRejection', collect)
  process.off('uncaughtExceptionMonitor', collect)
  expect(faultsSeen.splice(0)).toEqual([])
})

async function start(gateway: GatewayOptions = {}): Promise<Composed> {
  composed = await compose({
    gateway,
    config: {
      providers: { host: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }) },
      models: { m: { to: 'host/m', price: 'free' } },
    },
  })
  return composed
}

/** Relayed as it is, and nothing our own decoder would take: roles that a host invented. */
const odd = { model: 'm', stream: true, messages: [{ role: 'robot', content: 'hi' }] }

it('a relayed request that our decoder would refuse still ends with an error the client can read', async () => {
  const gateway = await start()
  upstream.reply({
    headers: { 'content-type': 'text/event-stream' },
    body: sse([chunk({ role: 'assistant' }), chunk({ content: 'half' })]),
    end: 'cut',
  })
  const text = await (await gateway.chat(odd)).text()
  expect(textIn(text)).toBe('half')
  expect(framesIn(text).at(-1)).toMatchObject({
    error: { message: expect.stringContaining('req_') as string },
  })
  await expect.poll(() => gateway.settled[0]?.outcome).toBe('failed')
  expect(gateway.gateway.inspect).toBeTypeOf('function')
})

it('and is kept alive while its upstream is silent', async () => {
  const gateway = await start({ timers: { keepAlive: 20, commitAfter: 40 } })
  upstream.reply({ events: chatFrames(['fine']), paceMs: 60 })
  const text = await (await gateway.chat(odd)).text()
  expect(text).toContain(': keep-alive')
  expect(textIn(text)).toBe('fine')
  await expect.poll(() => gateway.settled[0]?.outcome).toBe('completed')
})

it('and can be ended with length', async () => {
  composed = await compose({
    hooks: { 'bill.observe': () => 'stop' },
    config: {
      providers: { host: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }) },
      models: { m: { to: 'host/m', price: 'free' } },
    },
  })
  upstream.reply({
    events: [chunk({ role: 'assistant' }), chunk({ content: 'x'.repeat(3000) }), chunk({ content: 'more' })],
    paceMs: 20,
    end: 'never',
  })
  const text = await (await composed.chat(odd)).text()
  expect(text).toContain('"finish_reason":"length"')
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  await expect.poll(() => composed?.settled[0]?.outcome).toBe('cut')
})

it.each([false, true])('a logger that throws breaks no request (streamed: %s)', async (stream) => {
  const thrower = (): never => {
    throw new Error('disk full')
  }
  composed = await compose({
    plugins: [
      { name: 'bad-logger', logger: { debug: thrower, info: thrower, warn: thrower, error: thrower } },
    ],
    config: {
      providers: { host: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }) },
      models: { m: { to: 'host/m', price: 'free' } },
    },
  })
  const reply: Reply = stream ? { events: chatFrames(['fine']) } : chatAnswer('fine')
  upstream.reply(faults.status(500), reply)
  await (await composed.chat({ ...odd, stream })).text()
  const response = await composed.chat({ ...odd, stream })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('fine')
  await expect.poll(() => composed?.settled.length).toBe(2)
})
