import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, type FakeUpstream } from '@gantry/testing'
import type { DirectProvider, GatewayEvent } from '@gantry/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { chunk, sse } from './upstream.ts'

const MB = 1024 * 1024
let upstream: FakeUpstream
let composed: Composed | undefined
let socket: Socket | undefined

beforeEach(async () => {
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  socket?.destroy()
  await composed?.close()
  composed = undefined
  await upstream.close()
})

/** Sends one streaming request and then reads nothing of its answer. */
function neverReads(url: string, model: string): Socket {
  const { port } = new URL(url)
  const body = JSON.stringify({
    model,
    stream: true,
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hi' }],
  })
  const made = connect(Number(port), '127.0.0.1')
  made.pause()
  made.on('error', () => {})
  made.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  return made
}

const words = 'word '.repeat(2000)
const messagesHead = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"t","content":[],"usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
].join('')
const messagesDelta = `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words } })}\n\n`

function* endless(head: string, piece: string): Generator<string> {
  yield head
  for (;;) yield piece
}

it.each([
  ['relayed', 'chat', () => endless(sse([chunk({ role: 'assistant' })]), sse([chunk({ content: words })]))],
  ['converted', 'claude', () => endless(messagesHead, messagesDelta)],
] as const)(
  'a client that never reads an endless fast stream costs little, %s',
  async (_name, model, pieces) => {
    composed = await compose({
      gateway: { timers: { drain: 200 } },
      config: {
        providers: {
          chat: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }),
          claude: anthropic({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }),
        },
        models: { chat: { to: 'chat/m', price: 'free' }, claude: { to: 'claude/m', price: 'free' } },
      },
    })
    upstream.reply({ headers: { 'content-type': 'text/event-stream' }, pieces: pieces() })
    const before = process.memoryUsage.rss()
    socket = neverReads(composed.url, model)
    const { bytesWritten: first } = await settledBytes()
    await sleep(700)
    // The upstream stands still, so what it sent does not grow, and what we hold neither.
    expect(upstream.requests[0]!.bytesWritten).toBe(first)
    expect(first).toBeLessThan(16 * MB)
    expect(process.memoryUsage.rss() - before).toBeLessThan(96 * MB)
    socket.destroy()
    await expect.poll(() => composed?.settled[0]?.outcome, { timeout: 15_000 }).toBe('aborted')
    await expect.poll(() => upstream.connections).toBe(0)
  },
)

/** Waits until the upstream has stopped for want of a reader. */
async function settledBytes(): Promise<{ bytesWritten: number }> {
  const request = await upstream.request(0)
  let last = -1
  while (request.bytesWritten !== last) {
    last = request.bytesWritten
    await sleep(250)
  }
  return { bytesWritten: last }
}

it('a provider that makes events itself is cut when nobody reads them', async () => {
  let made = 0
  let aborted = false
  const provider: DirectProvider = {
    name: 'own',
    cancelStopsBilling: true,
    async generate(_request, emit, signal) {
      const send = (event: GatewayEvent): void => {
        made++
        emit(event)
      }
      send({ type: 'start' })
      send({ type: 'part-start', index: 0, part: { type: 'text', text: '' } })
      // Heeds no signal at first, as a careless one would.
      for (let count = 0; count < 20_000 && !(aborted = signal.aborted); count++) {
        send({ type: 'part-delta', index: 0, delta: { type: 'text', text: words } })
        if (count % 50 === 0) await sleep(0)
      }
    },
  }
  composed = await compose({
    config: {
      providers: { own: { name: 'own', provider: () => provider } },
      models: { own: { to: 'own/m', price: 'free' } },
    },
  })
  socket = neverReads(composed.url, 'own')
  await expect.poll(() => composed?.settled.length, { timeout: 10_000 }).toBe(1)
  expect(composed.settled[0]).toMatchObject({ outcome: 'failed', error: { code: 'slow_reader' } })
  await expect.poll(() => aborted).toBe(true)
  expect(made).toBeLessThan(5000)
})
