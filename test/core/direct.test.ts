import { setTimeout as sleep } from 'node:timers/promises'
import type { AttemptOutcome, DirectProvider, GatewayEvent, Usage } from '@gantry/core'
import simulator from '@gantry/provider-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { compose, type Composed } from '../support/compose.ts'
import { framesIn, textIn } from './upstream.ts'

let composed: Composed | undefined
afterEach(async () => {
  await composed?.close()
  composed = undefined
})

const usage: Usage = { tokens: { input: 4, output: 2 }, source: 'upstream', final: true }
const begin: readonly GatewayEvent[] = [
  { type: 'start', id: 'x', model: 'own' },
  { type: 'part-start', index: 0, part: { type: 'text', text: '' } },
  { type: 'part-delta', index: 0, delta: { type: 'text', text: 'made here' } },
]
const rest: readonly GatewayEvent[] = [
  { type: 'part-end', index: 0 },
  { type: 'usage', usage },
  { type: 'finish', finish: { reason: 'stop' } },
  { type: 'end' },
]

async function start(
  generate: DirectProvider['generate'],
  more: Partial<DirectProvider> = {},
  outcomes: AttemptOutcome[] = [],
): Promise<Composed> {
  composed = await compose({
    gateway: { timers: { drain: 1000 } },
    hooks: { 'route.outcome': (_context, outcome) => void outcomes.push(outcome) },
    config: {
      providers: {
        own: { name: 'own', provider: (name) => ({ name, cancelStopsBilling: true, generate, ...more }) },
        sim: simulator(),
      },
      models: { m: { to: ['own/x', 'sim/y'], price: 'free' } },
    },
  })
  return composed
}
const ask = (stream: boolean, init?: RequestInit): Promise<Response> =>
  composed!.chat({ model: 'm', stream, messages: [{ role: 'user', content: 'say from the other' }] }, init)

const shown = async (response: Response, stream: boolean): Promise<string> => {
  const text = await response.text()
  if (stream) return textIn(text)
  return (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content
}

describe.each([false, true])('a provider that makes events itself (streamed: %s)', (stream) => {
  it('answers, and is counted', async () => {
    const gateway = await start((_request, emit) => [...begin, ...rest].forEach(emit))
    expect(await shown(await ask(stream), stream)).toBe('made here')
    await expect
      .poll(() => gateway.settled[0])
      .toMatchObject({ outcome: 'completed', relayed: false, usage: { tokens: usage.tokens } })
  })

  it.each([
    ['throws', () => Promise.reject(new Error('canary'))],
    ['gives up without a word', () => {}],
    [
      'emits an error',
      (_request, emit) =>
        emit({
          type: 'error',
          error: { class: 'overloaded', status: 503, message: 'canary', retryable: true, source: 'upstream' },
        }),
    ],
  ] as [string, DirectProvider['generate']][])(
    'that %s before any output leaves it to the next target',
    async (_name, generate) => {
      const gateway = await start(generate)
      expect(await shown(await ask(stream), stream)).toBe('from the other')
      await expect
        .poll(() => gateway.settled[0]?.attempts)
        .toMatchObject([{ error: { source: 'upstream' } }, {}])
    },
  )

  it('its own correction of an error counts', async () => {
    const outcomes: AttemptOutcome[] = []
    await start(
      () => Promise.reject(new Error('wallet is empty')),
      { classify: (error) => ({ ...error, class: 'insufficient_funds' }) },
      outcomes,
    )
    await (await ask(stream)).text()
    expect(outcomes[0]?.error).toMatchObject({ class: 'insufficient_funds', provider: 'own' })
  })

  it('one that heeds no signal holds nobody up when its client leaves', async () => {
    const gateway = await start((_request, emit) => {
      if (stream) begin.forEach(emit)
      return new Promise(() => {})
    })
    const gone = new AbortController()
    const pending = ask(stream, { signal: gone.signal })
      .then((response) => response.text())
      .catch(() => 'gone')
    await sleep(80)
    gone.abort()
    expect(await pending).toBe('gone')
    await expect.poll(() => gateway.settled[0]?.outcome).toBe('aborted')
  })

  it('where the meter runs on, it may finish for a client that left', async () => {
    const signals: boolean[] = []
    const gateway = await start(
      async (_request, emit, signal) => {
        begin.forEach(emit)
        await sleep(150)
        signals.push(signal.aborted)
        rest.forEach(emit)
      },
      { cancelStopsBilling: false },
    )
    const gone = new AbortController()
    const pending = ask(stream, { signal: gone.signal })
      .then((response) => response.text())
      .catch(() => 'gone')
    await sleep(60)
    gone.abort()
    await pending
    await expect
      .poll(() => gateway.settled[0])
      .toMatchObject({ outcome: 'aborted', usage: { source: 'upstream', tokens: usage.tokens } })
    expect(signals).toEqual([false])
  })

  it('is cut by a drain', async () => {
    const gateway = await start((_request, emit) => {
      if (stream) begin.forEach(emit)
      return new Promise(() => {})
    })
    const pending = ask(stream)
    await sleep(50)
    const begun = performance.now()
    await gateway.gateway.drain(20)
    expect(performance.now() - begun).toBeLessThan(3000)
    expect(await (await pending).text()).toContain('shutting_down')
    expect(gateway.settled).toHaveLength(1)
  })
})

it('a stream that breaks after its first output ends with an error, in our words', async () => {
  const gateway = await start((_request, emit) => {
    begin.forEach(emit)
    return sleep(20).then(() => Promise.reject(new Error('canary')))
  })
  const text = await (await ask(true)).text()
  expect(textIn(text)).toBe('made here')
  expect(framesIn(text).at(-1)).toHaveProperty('error')
  expect(text).not.toContain('canary')
  await expect.poll(() => gateway.settled[0]?.outcome).toBe('failed')
})

it('a hook that throws on its events does not throw into the provider', async () => {
  let thrown: unknown
  composed = await compose({
    hooks: {
      'transform.event': () => (event) => {
        if (event.type === 'part-delta') throw new Error('hook trouble')
        return event
      },
    },
    config: {
      providers: {
        own: {
          name: 'own',
          provider: (name) => ({
            name,
            cancelStopsBilling: true,
            generate: (_request, emit) => {
              try {
                ;[...begin, ...rest].forEach(emit)
              } catch (error) {
                thrown = error
              }
            },
          }),
        },
      },
      models: { m: { to: 'own/x', price: 'free' } },
    },
  })
  const text = await (await ask(true)).text()
  expect(text).toContain('"error"')
  expect(thrown).toBeUndefined()
})
