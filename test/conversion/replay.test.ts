import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import anthropic from '@gantry/provider-anthropic'
import openaiCompatible from '@gantry/provider-openai-compatible'
import { createFakeUpstream, loadFixtures, type FakeUpstream } from '@gantry/testing'
import { compose, type Composed } from '../support/compose.ts'
import { askIn } from './asking.ts'
import { type Reading, readStream, readWhole, type Wire, wires } from './reading.ts'
import { answersOf, type Recorded } from './recorded.ts'

let upstream: FakeUpstream
let composed: Composed

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const baseUrl = `${upstream.url}/v1`
  composed = await compose({
    plugins: [openaiResponses()],
    config: {
      providers: {
        chat: openaiCompatible({ baseUrl, apiKey: 'k' }),
        responses: openaiCompatible({ baseUrl, apiKey: 'k', speaks: ['openai-responses'] }),
        claude: anthropic({ baseUrl, apiKey: 'k' }),
      },
      models: {
        'openai-chat': { to: 'chat/any', price: 'free' },
        'openai-responses': { to: 'responses/any', price: 'free' },
        'anthropic-messages': { to: 'claude/any', price: 'free', maxOutputTokens: 4096 },
      },
    },
  })
})
afterAll(async () => {
  await composed?.close()
  await upstream?.close()
})

const folders: { readonly [wire in Wire]: string } = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'anthropic',
}

const recorded = Object.fromEntries(
  wires.map((wire) => [
    wire,
    answersOf(wire, loadFixtures(new URL(`../fixtures/${folders[wire]}`, import.meta.url))),
  ]),
) as { readonly [wire in Wire]: readonly Recorded[] }

it('has the answers of every capture', () => {
  expect(wires.map((wire) => recorded[wire].length)).toEqual([95, 165, 114])
})

/** Recordings whose deltas were shortened by hand, and whose last event was not: readers of deltas see this text. */
const shortened: ReadonlyMap<string, string> = new Map([
  ['vercel-openai-shell-container.1.stream #0', 'The command ran successfully.'],
])

/** What a wire spells in its own way. */
function spelled(reading: Reading, from: Wire, to: Wire): Reading {
  if (from === to) return reading
  // It has no namespaces, and names only.
  if (to === 'openai-chat')
    return { ...reading, calls: reading.calls.map(({ name, input }) => ({ name, input })) }
  if (to !== 'anthropic-messages') return reading
  return {
    ...reading,
    // Its readers insist on numbers.
    usage: reading.usage ?? { input: 0, cached: 0, written: 0, output: 0 },
    calls: reading.calls.map(({ name, namespace, input }) => ({
      // It has no namespaces, and clients that declared none get the whole name.
      name: namespace === undefined ? name : `${namespace}__${name}`,
      // It has no freeform calls: their text is the one field of an object.
      input: typeof input === 'string' ? { input } : input,
    })),
  }
}

/** Sends a request of one wire to an upstream of another that answers with what was recorded. */
async function send(one: Recorded, from: Wire, to: Wire): Promise<{ status: number; text: string }> {
  upstream.replyWith(() => ({
    headers: { 'content-type': one.stream ? 'text/event-stream' : 'application/json' },
    body: one.bytes,
  }))
  const { path, body, headers } = askIn(to, from, one.stream)
  const response = await composed.send(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, text: await response.text() }
}

describe.each(wires)('an answer of %s', (from) => {
  const whole = recorded[from].filter(({ failed }) => !failed)
  const failed = recorded[from].filter((one) => one.failed)

  describe.each(wires)('for a client of %s', (to) => {
    it.each(whole.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const { status, text } = await send(one, from, to)
      expect(status, text).toBe(200)
      const parsed = (bytes: string): JsonObject => JSON.parse(bytes) as JsonObject
      const wanted = one.stream ? readStream(from, one.bytes) : readWhole(from, parsed(one.bytes))
      const got = one.stream ? readStream(to, text) : readWhole(to, parsed(text))
      const streamed = to === from ? undefined : shortened.get(one.name)
      expect(got).toEqual(spelled(streamed === undefined ? wanted : { ...wanted, text: streamed }, from, to))
    })

    it.each(failed.map((one) => [one.name, one] as const))('%s ends as an error', async (_name, one) => {
      const { status, text } = await send(one, from, to)
      expect(status, text).toBeGreaterThanOrEqual(400)
    })
  })
})
