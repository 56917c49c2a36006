import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { GatewayEvent, GenerateResponse, JsonObject, Usage } from '../model/index.ts'
import type { EventTransform, Protocol, Tap } from '../contract/index.ts'
import { plan as basePlan } from './fake.test-support.ts'
import type { AttemptPlan, AttemptResult } from './types.ts'
import { finishWhole, pumpWhole } from './whole.ts'

const answer = (text: string, more: Partial<GenerateResponse> = {}): GenerateResponse => ({
  parts: text === '' ? [] : [{ type: 'text', text }],
  finish: { reason: 'stop' },
  ...more,
})

/** A protocol whose wire is the model as JSON. */
const mirror: Protocol = {
  name: 'letters',
  contract: 1,
  client: {
    codecs: {
      generate: {
        encodeRequest: () => ({ path: '/', body: {} }),
        decodeResponse: (body) => {
          if ('odd' in body) throw new TypeError('cannot read that')
          return body as Partial<GenerateResponse> as GenerateResponse
        },
      },
    },
    decodeError: () => {
      throw new Error('not here')
    },
    framing: 'sse',
  },
}

function plan(
  options: {
    hooks?: readonly EventTransform[]
    observe?: AttemptPlan['observe']
    echo?: string
    client?: string
    child?: boolean
  } = {},
): AttemptPlan {
  const made = basePlan(options.observe ? { observe: options.observe } : {})
  return {
    ...made,
    clientProtocol: { name: options.client ?? 'letters', contract: 1 },
    upstreamProtocol: mirror,
    server: {
      ...made.server,
      codecs: {
        generate: {
          routes: [],
          decodeRequest: () => ({ model: 'm', stream: false, turns: [] }),
          encodeResponse: (response, { report }) => {
            if (response.parts.some((part) => part.type === 'audio'))
              report({ pointer: '/parts/0', what: 'part.audio', how: 'dropped', target: 'x' })
            if (response.model === 'unsayable') throw new TypeError('no words')
            return JSON.parse(JSON.stringify(response)) as JsonObject
          },
        },
      },
    },
    stream: false,
    transforms: options.hooks ?? [],
    ...(options.echo === undefined ? {} : { echo: options.echo }),
    child: options.child ?? false,
  }
}

const run = (body: unknown, made: AttemptPlan = plan(), tap?: Tap): Promise<AttemptResult> =>
  pumpWhole(
    made,
    Readable.from([Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))]),
    tap,
    undefined,
  )

function tapOf(result: Partial<ReturnType<Tap['result']>>): Tap {
  return {
    wants: () => false,
    frame: () => 'pass',
    body() {},
    result: () => ({ committed: true, complete: true, outputBytes: 3, ...result }),
  }
}

const usage: Usage = { tokens: { input: 1, output: 2 }, source: 'upstream', final: true }

describe('a whole answer', () => {
  it('of the same protocol is the same bytes', async () => {
    const text = '{ "model" : "theirs",  "x":1.50 }'
    const result = await run(text, plan(), tapOf({ usage, finish: { reason: 'stop' } }))
    expect(result).toMatchObject({
      kind: 'whole',
      end: { outcome: 'completed', relayed: true, usage, outputBytes: 3 },
    })
    expect(Buffer.from((result as { body: Uint8Array }).body).toString()).toBe(text)
    const echoed = await run(text, plan({ echo: 'mine' }), tapOf({}))
    expect(Buffer.from((echoed as { body: Uint8Array }).body).toString()).toBe(text.replace('theirs', 'mine'))
  })

  it('is decoded, and encoded for the client', async () => {
    const result = await run(answer('hällo', { usage }))
    expect(result).toMatchObject({
      kind: 'whole',
      end: { relayed: false, outputBytes: 6, usage, finish: { reason: 'stop' } },
    })
    expect(JSON.parse((result as { body: string }).body)).toMatchObject({ parts: [{ text: 'hällo' }] })
  })

  it('counts the output of every choice', async () => {
    const result = await run(
      answer('one', {
        alternatives: [
          { parts: [{ type: 'text', text: 'three' }], finish: { reason: 'stop' } },
          { parts: [{ type: 'tool_call', kind: 'function', callId: 'c', name: 'f', arguments: '{}' }] },
        ],
      }),
    )
    expect(result).toMatchObject({ end: { outputBytes: 10 } })
  })

  it.each([
    ['nothing', '', 'upstream_failed'],
    ['a page', '<html>', 'upstream_failed'],
    ['a list', '[]', 'upstream_failed'],
    ['null', 'null', 'upstream_failed'],
    ['what its codec cannot read', { odd: 1 }, 'upstream_failed'],
    ['an answer without output or reason', { parts: [] }, 'upstream_failed'],
    ['an answer that failed without output', answer('', { finish: { reason: 'error' } }), 'upstream_failed'],
    [
      'an error inside',
      answer('x', {
        error: { class: 'overloaded', status: 503, message: 'busy', retryable: true, source: 'upstream' },
      }),
      'overloaded',
    ],
  ])('%s is a failed attempt', async (_name, body, name) => {
    expect(await run(body)).toMatchObject({
      kind: 'failed',
      sent: true,
      error: { class: name, source: 'upstream' },
    })
  })

  it('that is empty for a reason is an answer', async () => {
    for (const reason of ['stop', 'refusal', 'content_filter', 'length'] as const) {
      expect(await run(answer('', { finish: { reason } }))).toMatchObject({ kind: 'whole' })
    }
    expect(await run('{}', plan(), tapOf({ committed: false }))).toMatchObject({ kind: 'failed' })
    expect(await run('{}', plan(), tapOf({ committed: false, finish: { reason: 'refusal' } }))).toMatchObject(
      { kind: 'whole' },
    )
  })

  it('that is cut is the upstream’s fault', async () => {
    const body = new Readable({ read() {} })
    const pending = pumpWhole(plan(), body, undefined, undefined)
    body.push('{"parts"')
    body.destroy()
    expect(await pending).toMatchObject({ kind: 'failed', error: { class: 'upstream_truncated' } })
  })
})

describe('hooks on a whole answer', () => {
  it('see its events in the order of a stream, and change what goes out, not what is counted', async () => {
    const seen: string[] = []
    const shout = (event: GatewayEvent): GatewayEvent => {
      seen.push(event.type)
      if (event.type === 'usage') return { type: 'usage', usage: { ...usage, tokens: { output: 999 } } }
      if (event.type === 'part-delta' && event.delta.type === 'text')
        return { ...event, delta: { ...event.delta, text: event.delta.text.toUpperCase().repeat(3) } }
      return event
    }
    const result = await run(answer('abc', { usage }), plan({ hooks: [shout] }))
    expect(seen[0]).toBe('start')
    expect(seen.at(-1)).toBe('end')
    expect(JSON.parse((result as { body: string }).body)).toMatchObject({
      usage: { tokens: { output: 999 } },
    })
    expect(result).toMatchObject({ end: { usage, outputBytes: 3 } })
  })

  it('may take everything out: the client gets an empty answer, not another target’s', async () => {
    const nothing = (event: GatewayEvent): GatewayEvent | null =>
      event.type.startsWith('part') ? null : event
    const result = await run(answer('secret'), plan({ hooks: [nothing] }))
    expect(result).toMatchObject({ kind: 'whole', end: { outputBytes: 6 } })
    expect((result as { body: string }).body).not.toContain('secret')
  })
})

it('shows its one report to the bill phase, also a child’s', async () => {
  const seen: Usage[] = []
  const observe = (one: Usage): void => void seen.push(one)
  await run(answer('x', { usage }), plan({ observe }))
  await run(answer('x', { usage }), plan({ observe, child: true }))
  await run(answer('x'), plan({ observe }))
  expect(seen).toEqual([usage, usage])
})

it('reports what the client’s protocol could not carry', async () => {
  const audio = { type: 'audio', source: { kind: 'base64', data: '' } } as const
  expect(await run(answer('', { parts: [audio] }))).toMatchObject({ losses: [{ what: 'part.audio' }] })
})

it('an encoder that fails is logged, and is no answer', async () => {
  expect(await run(answer('x', { model: 'unsayable' }))).toMatchObject({ kind: 'failed' })
})

it('gives a child the decoded answer', () => {
  const result = finishWhole(plan({ child: true }), answer('x'), undefined, [])
  expect(result).toMatchObject({ kind: 'whole', body: '', response: { parts: [{ text: 'x' }] } })
})
