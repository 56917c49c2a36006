import { afterEach, describe, expect, it } from 'vitest'
import type { GatewayEvent, HookMap, JsonObject } from '@gantry/core'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'
import { askIn } from './asking.ts'
import { readStream, readWhole, type Wire, wires } from './reading.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

const models: { readonly [wire in Wire]: string } = {
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  'anthropic-messages': 'claude',
}

function start(hooks: HookMap): Promise<Composed> {
  return compose({
    hooks,
    plugins: [openaiResponses()],
    models: { responses: { to: 'responses/sim-responses', price: 'free' } },
    config: {
      providers: {
        chat: simulator(),
        claude: simulator({ speaks: 'anthropic-messages' }),
        responses: simulator({ speaks: 'openai-responses' }),
      },
    },
  })
}

/** The pair: one hook that changes the request, one that changes visible text and writes down what it saw. */
function pair(seen: string[]): HookMap {
  return {
    'transform.request': (context) =>
      context.replace({
        ...context.request,
        turns: [{ role: 'user', parts: [{ type: 'text', text: 'reason because\nsay changed by the hook' }] }],
      }),
    'transform.event': () => (event) => {
      seen.push(...wordsOf(event))
      if (event.type === 'part-delta' && event.delta.type === 'text')
        return { ...event, delta: { ...event.delta, text: event.delta.text.toUpperCase() } }
      if (event.type === 'part-end' && event.part?.type === 'text')
        return { ...event, part: { ...event.part, text: event.part.text.toUpperCase() } }
      return event
    },
  }
}

/** What every wire tells; pieces of text are joined, and what only one vendor says (its own frames) is left out. */
function wordsOf(event: GatewayEvent): readonly string[] {
  switch (event.type) {
    case 'start':
    case 'end':
    case 'error':
      return [event.type]
    case 'part-start':
      return [`${event.type} ${event.part.type}`]
    case 'part-delta':
      return event.delta.type === 'text' ? ['text'] : []
    case 'part-end':
      return [event.type]
    case 'finish':
      return [`finish ${event.finish.reason}`]
    default:
      return []
  }
}

const ways = wires.flatMap((from) =>
  wires.flatMap((to) => [false, true].map((stream) => ({ from, to, stream }))),
)

describe('one hook pair, nine pairs of wires', () => {
  it.each(ways)('$from to $to, streamed: $stream', async ({ from, to, stream }) => {
    const seen: string[] = []
    composed = await start(pair(seen))
    const { path, headers, body } = askIn(from, models[to], stream, 'say original')
    const response = await composed.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    expect(response.status, text).toBe(200)
    const reading = stream ? readStream(from, text) : readWhole(from, JSON.parse(text) as JsonObject)
    expect(reading).toMatchObject({ text: 'CHANGED BY THE HOOK', finish: 'stop' })
    expect(seen.filter((word, index) => word !== 'text' || seen[index - 1] !== 'text')).toEqual([
      'start',
      'part-start reasoning',
      'part-end',
      'part-start text',
      'text',
      'part-end',
      'finish stop',
      'end',
    ])
  })
})

describe('a stream that breaks', () => {
  const pieces = 'say one two three four five six\nfail after 4'

  it.each(wires.flatMap((from) => wires.map((to) => ({ from, to }))))(
    '$from to $to never ends as if it were whole',
    async ({ from, to }) => {
      composed = await compose({
        plugins: [openaiResponses()],
        models: { responses: { to: 'responses/sim-responses', price: 'free' } },
        config: {
          providers: {
            chat: simulator({ pace: 10 }),
            claude: simulator({ pace: 10, speaks: 'anthropic-messages' }),
            responses: simulator({ pace: 10, speaks: 'openai-responses' }),
          },
        },
      })
      const { path, headers, body } = askIn(from, models[to], true, pieces)
      const response = await composed.send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
      expect(response.status).toBe(200)
      const text = await response.text()
      expect(text).toContain('one')
      const ends: { readonly [wire in Wire]: RegExp } = {
        'openai-chat': /data: \[DONE\]|"finish_reason":"stop"/,
        'openai-responses': /response\.completed/,
        'anthropic-messages': /message_stop|"stop_reason":"end_turn"/,
      }
      const errors: { readonly [wire in Wire]: RegExp } = {
        'openai-chat': /data: \{"error":/,
        'openai-responses': /event: error\n[^]*event: response\.failed\n/,
        'anthropic-messages': /event: error\n/,
      }
      expect(text).not.toMatch(ends[from])
      expect(text).toMatch(errors[from])
      await expect.poll(() => composed?.settled.length).toBe(1)
      expect(composed.settled[0]?.outcome).toBe('failed')
    },
  )
})
