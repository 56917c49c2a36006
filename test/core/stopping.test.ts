import type { HookMap, Usage } from '@gantry/core'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, type FakeUpstream } from '@gantry/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { chatFrames, chunk, framesIn, textIn, usageChunk } from './upstream.ts'

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

async function start(hooks: HookMap): Promise<Composed> {
  composed = await compose({
    hooks,
    config: {
      providers: {
        chat: openaiCompatible({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }),
        claude: anthropic({ baseUrl: `${upstream.url}/v1`, apiKey: 'k' }),
      },
      models: {
        chat: { to: 'chat/m', price: 'free' },
        claude: { to: 'claude/m', price: 'free', maxOutputTokens: 4096 },
      },
    },
  })
  return composed
}

async function ask(model: string, includeUsage: boolean): Promise<string> {
  const response = await composed!.chat({
    model,
    stream: true,
    messages: [{ role: 'user', content: 'hi' }],
    ...(includeUsage ? { stream_options: { include_usage: true } } : {}),
  })
  return response.text()
}

const long = 'x'.repeat(1500)
const messages = (texts: readonly string[]): { event: string; data: string }[] => [
  {
    event: 'message_start',
    data: '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"t","content":[],"usage":{"input_tokens":9,"output_tokens":1}}}',
  },
  {
    event: 'content_block_start',
    data: '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
  },
  ...texts.map((text) => ({
    event: 'content_block_delta',
    data: JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  })),
  { event: 'content_block_stop', data: '{"type":"content_block_stop","index":0}' },
  {
    event: 'message_delta',
    data: '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":33}}',
  },
  { event: 'message_stop', data: '{"type":"message_stop"}' },
]

const ways = [
  [
    'relayed',
    'chat',
    () => [chunk({ role: 'assistant' }), ...Array.from({ length: 5 }, () => chunk({ content: long }))],
  ],
  ['converted', 'claude', () => messages([long, long, long, long, long]).slice(0, 7)],
] as const

describe.each(ways)('stop, %s', (_name, model, frames) => {
  it.each([true, false])(
    'ends with length and [DONE]; usage only where it was asked for (%s)',
    async (asked) => {
      const seen: Usage[] = []
      const gateway = await start({
        'bill.observe': (_context, usage) => {
          seen.push(usage)
          return (usage.tokens.output ?? 0) >= 400 ? 'stop' : undefined
        },
      })
      upstream.reply({ events: frames(), paceMs: 10, end: 'never' })
      const text = await ask(model, asked)
      const all = framesIn(text) as { choices?: { finish_reason?: string | null }[]; usage?: object | null }[]
      expect(all.at(-1)).toBe('[DONE]')
      const reasons = all.flatMap((frame) => frame.choices?.map((choice) => choice.finish_reason) ?? [])
      expect(reasons.filter((reason) => reason != null)).toEqual(['length'])
      expect(all.filter((frame) => frame.usage != null)).toHaveLength(asked ? 1 : 0)
      expect(textIn(text).length).toBeGreaterThanOrEqual(1500)
      expect(textIn(text).length).toBeLessThan(7500)
      await expect
        .poll(() => gateway.settled[0])
        .toMatchObject({ outcome: 'cut', finish: expect.anything() as unknown })
      expect(gateway.settled[0]?.usage.source).toBe('observed')
      await expect.poll(() => upstream.connections).toBe(0)
    },
  )

  it('comes too late when every reason is out', async () => {
    const gateway = await start({ 'bill.observe': (_context, usage) => (usage.final ? 'stop' : undefined) })
    const events = model === 'chat' ? chatFrames(['fine'], usageChunk(9, 33)) : messages(['fine'])
    upstream.reply({ events, paceMs: 10 })
    const text = await ask(model, true)
    expect(text.match(/"finish_reason":"/g)).toHaveLength(1)
    expect(text).toContain('"finish_reason":"stop"')
    await expect.poll(() => gateway.settled[0]?.outcome).toBe('completed')
    expect(gateway.settled[0]?.usage.tokens).toMatchObject({ output: 33 })
  })
})

it('every choice that runs is stopped when answers are converted', async () => {
  const gateway = await start({
    'bill.observe': (_context, usage) => (usage.source === 'observed' ? 'stop' : undefined),
    'transform.event': () => (event) => event,
  })
  const choice = (index: number, content: string, finish: string | null = null): { data: string } => ({
    data: JSON.stringify({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 't',
      choices: [{ index, delta: { content }, finish_reason: finish }],
    }),
  })
  upstream.reply({
    events: [
      choice(0, 'a'),
      choice(1, 'b'),
      choice(0, '', 'stop'),
      choice(1, long),
      choice(1, long),
      choice(1, long),
    ],
    paceMs: 10,
    end: 'never',
  })
  const response = await composed!.chat({
    model: 'chat',
    n: 2,
    stream: true,
    messages: [{ role: 'user', content: 'hi' }],
  })
  const reasons = (
    framesIn(await response.text()) as { choices?: { index: number; finish_reason?: string | null }[] }[]
  )
    .flatMap((frame) => frame.choices ?? [])
    .filter((one) => one.finish_reason != null)
    .map((one) => [one.index, one.finish_reason])
  expect(reasons).toEqual([
    [0, 'stop'],
    [1, 'length'],
  ])
  await expect.poll(() => gateway.settled[0]?.outcome).toBe('cut')
})

it('a hook that asks for an extension is not waited for, and may be asked again', async () => {
  let asked = 0
  const gateway = await start({ 'bill.observe': () => void asked++ })
  upstream.reply({
    events: [
      chunk({ role: 'assistant' }),
      ...Array.from({ length: 8 }, () => chunk({ content: long })),
      ...chatFrames([]).slice(1),
    ],
    paceMs: 5,
  })
  expect(textIn(await ask('chat', false)).length).toBe(12_000)
  await expect.poll(() => gateway.settled[0]?.outcome).toBe('completed')
  expect(asked).toBeGreaterThanOrEqual(5)
  expect(asked).toBeLessThanOrEqual(9)
})
