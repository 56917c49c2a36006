import type { GatewayEvent, HookMap } from '@gantry/core'
import type OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { compose, transports, type Composed } from '../support/compose.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

/** Every way a request can take through the core: wire of the upstream, whole or streamed, transport. */
const ways = transports.flatMap((transport) =>
  (['chat', 'claude'] as const).flatMap((model) =>
    [false, true].map((stream) => ({
      transport,
      model,
      stream,
      name: `${model}, ${stream ? 'streamed' : 'whole'}, ${transport}`,
    })),
  ),
)

/** One pair: the request hook adds an instruction, the event hook changes visible text. */
function pair(seen: GatewayEvent['type'][]): HookMap {
  return {
    'transform.request': (context) => {
      const { request } = context
      context.replace({
        ...request,
        turns: [
          ...request.turns.slice(0, -1),
          { role: 'user', parts: [{ type: 'text', text: 'say changed by the hook' }] },
        ],
      })
    },
    'transform.event': () => (event) => {
      seen.push(event.type)
      if (event.type === 'part-delta' && event.delta.type === 'text') {
        return { ...event, delta: { ...event.delta, text: event.delta.text.toUpperCase() } }
      }
      if (event.type === 'part-start' && event.part.type === 'text') {
        return { ...event, part: { ...event.part, text: event.part.text.toUpperCase() } }
      }
      if (event.type === 'part-end' && event.part?.type === 'text') {
        return { ...event, part: { ...event.part, text: event.part.text.toUpperCase() } }
      }
      return event
    },
  }
}

async function textOf(response: Response, stream: boolean): Promise<string> {
  if (!stream) return ((await response.json()) as OpenAI.ChatCompletion).choices[0]?.message.content ?? ''
  const frames = (await response.text()).split('\n\n').filter((frame) => frame.startsWith('data: {'))
  return frames
    .map(
      (frame) => (JSON.parse(frame.slice(6)) as OpenAI.ChatCompletionChunk).choices[0]?.delta.content ?? '',
    )
    .join('')
}

describe('one hook pair, every combination', () => {
  it.each(ways)('$name', async ({ transport, model, stream }) => {
    const seen: GatewayEvent['type'][] = []
    composed = await compose({ transport, hooks: pair(seen) })
    const response = await composed.chat({
      model,
      stream,
      messages: [{ role: 'user', content: 'say original' }],
    })
    expect(response.status).toBe(200)
    expect(await textOf(response, stream)).toBe('CHANGED BY THE HOOK')
    await expect.poll(() => composed?.settled.length).toBe(1)
    expect(composed.settled[0]).toMatchObject({
      outcome: 'completed',
      relayed: false,
      usage: { source: 'upstream' },
    })
    const order = seen.filter((type) => type !== 'part-delta' && type !== 'keep-alive' && type !== 'raw')
    expect(order[0]).toBe('start')
    expect(order.indexOf('part-start')).toBeLessThan(order.indexOf('part-end'))
    expect(order.filter((type) => type === 'finish')).toHaveLength(1)
    expect(order.at(-1)).toBe('end')
  })

  it.each(ways)(
    'a factory that returns nothing leaves the way as it was: $name',
    async ({ transport, model, stream }) => {
      let asked = 0
      composed = await compose({
        transport,
        hooks: {
          'transform.event': () => {
            asked++
            return undefined
          },
        },
      })
      const response = await composed.chat({
        model,
        stream,
        messages: [{ role: 'user', content: 'say original' }],
      })
      expect(await textOf(response, stream)).toBe('original')
      await expect.poll(() => composed?.settled.length).toBe(1)
      expect(composed.settled[0]?.relayed).toBe(model === 'chat')
      expect(asked).toBe(1)
    },
  )

  it.each(ways)('observes usage and learns outcomes: $name', async ({ transport, model, stream }) => {
    const moments: string[] = []
    composed = await compose({
      transport,
      hooks: {
        auth: () => void moments.push('auth'),
        route: () => void moments.push('route'),
        'bill.reserve': (context) => void moments.push(`reserve ${context.bound().inputTokens > 0}`),
        'bill.observe': (_context, usage) => void moments.push(`observe ${usage.source}`),
        'route.outcome': (_context, outcome) => void moments.push(`outcome ${outcome.error?.class ?? 'ok'}`),
        'bill.settle': (context) => void moments.push(`settle ${context.outcome}`),
        log: (context) => void moments.push(`log ${context.status}`),
      },
    })
    const response = await composed.chat({ model, stream, messages: [{ role: 'user', content: 'say x' }] })
    await response.text()
    await expect.poll(() => moments.at(-1)).toBe('log 200')
    const fixed = moments.filter((moment) => !moment.startsWith('observe'))
    expect(moments.filter((moment) => moment === 'observe upstream').length).toBeGreaterThan(0)
    expect(fixed).toEqual(['auth', 'route', 'reserve true', 'outcome ok', 'settle completed', 'log 200'])
  })
})

it('every hook knows the address of the client', async () => {
  const seen: (string | undefined)[] = []
  composed = await compose({
    transport: 'real port',
    hooks: {
      auth: (context) => void seen.push(context.remoteAddress),
      'transform.request': (context) => void seen.push(context.remoteAddress),
      log: (context) => void seen.push(context.remoteAddress),
    },
  })
  await (await composed.chat({ model: 'chat', messages: [{ role: 'user', content: 'say x' }] })).text()
  await expect.poll(() => seen).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1'])
})
