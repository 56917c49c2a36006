import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { GatewayError, type JsonObject, type Protocol } from '@gantry/core'
import { protocol as chatProtocol } from '@gantry/protocol-openai-chat'
import { openaiResponses } from '@gantry/protocol-openai-responses'
import simulator from '@gantry/provider-simulator'
import { compose, type Composed } from '../support/compose.ts'

let composed: Composed
/** What the next requests of a kind are told to do. */
let failing: ((nth: number) => boolean) | undefined
let asked = 0
let bounds: { inputTokens: number }[] = []

/** A wire whose writer knows no more than silence. */
const { generate } = chatProtocol.server!.codecs
const brittle: Protocol<'brittle'> = {
  name: 'brittle',
  contract: 1,
  server: {
    ...chatProtocol.server!,
    codecs: {
      generate: {
        ...generate!,
        routes: [{ method: 'POST', path: '/brittle' }],
        streamEncoder: () => ({
          push(event, write) {
            if (event.type !== 'keep-alive') throw new TypeError(`no word for ${event.type}`)
            write({ comment: 'wait' })
          },
        }),
      },
    },
  },
}

beforeAll(async () => {
  composed = await compose({
    plugins: [openaiResponses(), { name: 'brittle', provides: { protocol: [brittle] } }],
    gateway: { timers: { commitAfter: 20, keepAlive: 5 } },
    hooks: {
      'bill.reserve': (context) => void bounds.push(context.bound()),
      'transform.request': () => {
        if (failing?.(asked++)) throw new GatewayError({ class: 'internal', message: 'This one fails.' })
      },
    },
    models: {
      slow: { to: 'slow/sim-claude', price: 'free', maxOutputTokens: 4096 },
      second: { to: ['down/sim-claude', 'claude/sim-claude'], price: 'free', maxOutputTokens: 4096 },
      strict: { to: 'claude/sim-claude', price: 'free', maxOutputTokens: 4096, loss: 'strict' },
    },
    config: {
      providers: {
        chat: simulator(),
        claude: simulator({ speaks: 'anthropic-messages' }),
        slow: simulator({ speaks: 'anthropic-messages', firstTokenMs: 100 }),
        down: simulator({ speaks: 'anthropic-messages', always: 'fail 503' }),
      },
    },
  })
})
afterAll(() => composed?.close())
afterEach(() => {
  composed.settled.length = 0
  failing = undefined
  asked = 0
  bounds = []
})

const chat = (more: object): Promise<Response> =>
  composed.chat({ model: 'claude', messages: [{ role: 'user', content: 'say word' }], ...more })

const compact = (more: object): Promise<Response> =>
  composed.send('/v1/responses/compact', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude', input: 'My word is plum.', ...more }),
  })

describe('choices that are a request each', () => {
  it('hold money for the whole input of each', async () => {
    await (await chat({})).text()
    await (await chat({ n: 3 })).text()
    const [one, three] = bounds
    expect(three!.inputTokens).toBe(3 * one!.inputTokens)
    // A wire that makes them itself reads the input once.
    await (await chat({ model: 'chat', n: 3 })).text()
    expect(bounds[2]!.inputTokens).toBe(one!.inputTokens)
  })

  it('fail together, begin no further one, and are settled once', async () => {
    failing = (nth) => nth === 0
    const response = await chat({ n: 60 })
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('req_')
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1))
    expect(composed.settled[0]).toMatchObject({ outcome: 'refused', status: 500 })
    expect(asked).toBeLessThanOrEqual(8)
  })

  it('say who made them when the first target did not', async () => {
    const response = await chat({ model: 'second', n: 2 })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-gantry-target')).toBe('claude/sim-claude')
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1))
    expect(composed.settled[0]!.target).toMatchObject({ provider: 'claude' })
  })
})

describe('a stream whose answer is made whole', () => {
  const slow = (more: object = {}): Promise<Response> => chat({ model: 'slow', n: 2, stream: true, ...more })

  it('breaks, and the process does not, when it cannot be written', async () => {
    const response = await composed.send('/v1/brittle', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'slow',
        n: 2,
        stream: true,
        messages: [{ role: 'user', content: 'say word' }],
      }),
    })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1))
    expect(composed.settled[0]!.outcome).toBe('failed')
    composed.lines.length = 0
  })

  it('ends with an error that is told, settled once', async () => {
    const response = await slow({ messages: [{ role: 'user', content: 'fail 503' }] })
    const text = await response.text()
    expect(`${response.status} ${text}`).toContain('overloaded')
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1))
    expect(composed.settled[0]!.outcome).toBe('failed')
  })

  it('is aborted, not failed, when its client leaves', async () => {
    const leaving = new AbortController()
    const response = await composed.chat(
      { model: 'slow', n: 2, stream: true, messages: [{ role: 'user', content: 'say word' }] },
      { signal: leaving.signal },
    )
    await response.body!.getReader().read()
    leaving.abort()
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1), 5000)
    expect(composed.settled[0]).toMatchObject({ outcome: 'aborted', status: 499 })
    expect(composed.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('a summary in place of a conversation', () => {
  it('is whole, or an error', async () => {
    const response = await compact({ input: 'My word is plum.', max_output_tokens: 2 })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('req_') } })
    await vi.waitFor(() => expect(composed.settled).toHaveLength(1))
    expect(composed.settled[0]!.outcome).toBe('failed')
  })

  it('is nothing that a route without losses takes', async () => {
    const response = await compact({ model: 'strict' })
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: JsonObject }).error).toMatchObject({
      code: 'conversion_loss',
    })
    const choices = await chat({ model: 'strict', n: 2 })
    expect(choices.status).toBe(400)
    expect(bounds).toEqual([])
  })
})
