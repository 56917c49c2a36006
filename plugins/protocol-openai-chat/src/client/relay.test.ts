import type { Frame, JsonObject, Tap } from '@gantry/core'
import { describe, expect, test } from 'vitest'
import { framesOf, isCohere, recorded, targetOf, wireOf } from '../recorded.fixture.ts'
import { relay } from './relay.ts'
import { createTap } from './tap.ts'

const body: JsonObject = { model: 'alias', messages: [], stream: true }

test('only the model and include_usage are set', () => {
  const splices = (fields: JsonObject, quirks?: JsonObject): unknown =>
    relay.splices(wireOf({ ...body, ...fields }), targetOf('real', quirks ? { quirks } : {}))
  const model = { pointer: '/model', value: 'real' }
  expect(splices({})).toEqual([model, { pointer: '/stream_options', value: { include_usage: true } }])
  expect(splices({ model: 'real' })).toEqual([{ pointer: '/stream_options', value: { include_usage: true } }])
  expect(splices({ stream_options: { include_obfuscation: false } })).toEqual([
    model,
    { pointer: '/stream_options/include_usage', value: true },
  ])
  expect(splices({ stream_options: { include_usage: true } })).toEqual([model])
  expect(splices({ stream: false })).toEqual([model])
  expect(splices({}, { includeUsage: false })).toEqual([model])
  expect(splices({ model: 'real', stream: false })).toEqual([])
  expect(relay.path(wireOf(body), targetOf('real'))).toBe('/chat/completions')
})

test('headers: affinity passes, credentials and cookies do not', () => {
  const headers = new Headers({
    authorization: 'Bearer k',
    cookie: 'a=b',
    'x-api-key': 'k',
    host: 'h',
    'OpenAI-Beta': 'x=1',
    'session-id': 's',
    'x-codex-turn-state': 't',
    'x-stainless-lang': 'js',
    'openai-organization': 'o',
  })
  expect(relay.headers(wireOf(body, { headers }))).toEqual({
    'openai-beta': 'x=1',
    'session-id': 's',
    'x-codex-turn-state': 't',
  })
})

const run = (tap: Tap, frames: readonly Frame[]): readonly string[] =>
  frames.map((frame) => (tap.wants(frame.data) ? tap.frame(frame) : 'unread'))
const frame = (value: JsonObject | string): Frame => ({
  data: typeof value === 'string' ? value : JSON.stringify(value),
})
const chunk = (delta: JsonObject, more: JsonObject = {}, beside: JsonObject = {}): Frame =>
  frame({ id: 'c1', choices: [{ index: 0, delta, finish_reason: null, ...more }], usage: null, ...beside })

describe('the tap', () => {
  const usage = frame({
    id: 'c1',
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  })

  test('hides the usage frame that the client did not ask for, and only that', () => {
    const frames = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'hé\n"' }),
      chunk({ content: 'b' }),
      chunk({}, { finish_reason: 'stop' }),
      usage,
      frame('[DONE]'),
    ]
    const quiet = createTap(wireOf(body))
    expect(run(quiet, frames)).toEqual(['pass', 'pass', 'unread', 'pass', 'hide', 'pass'])
    expect(quiet.result()).toMatchObject({
      committed: true,
      complete: true,
      id: 'c1',
      usage: { tokens: { input: 3, output: 2 }, final: true },
      finish: { reason: 'stop' },
      outputBytes: 6,
    })
    const asked = createTap(wireOf({ ...body, stream_options: { include_usage: true } }))
    expect(run(asked, frames)).toEqual(['pass', 'pass', 'unread', 'pass', 'pass', 'pass'])
    const riding = chunk(
      { content: 'x' },
      { finish_reason: 'stop' },
      { usage: { prompt_tokens: 1, completion_tokens: 1 } },
    )
    expect(run(createTap(wireOf(body)), [riding])).toEqual(['pass'])
  })

  test('commits at the first output, not at the role', () => {
    const tap = createTap(wireOf(body))
    run(tap, [
      chunk({ role: 'assistant', content: '' }),
      chunk({ role: 'assistant', content: null, reasoning: null }),
    ])
    expect(tap.result()).toMatchObject({ committed: false, complete: false, outputBytes: 0 })
    run(tap, [chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '' } }] })])
    expect(tap.result()).toMatchObject({ committed: true, complete: false })
    run(tap, [
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":"ü"}' } }] }),
      chunk({}, { finish_reason: 'stop' }),
    ])
    expect(tap.result()).toMatchObject({
      complete: true,
      finish: { reason: 'tool_calls', raw: 'stop' },
      outputBytes: 10,
    })
  })

  test('text that looks like fields is only text', () => {
    const tap = createTap(wireOf(body))
    const tricky = '"usage":{"prompt_tokens":9},"finish_reason":"stop","error":{"message":"x"},"content":"y"'
    run(tap, [chunk({ content: 'a' })])
    expect(run(tap, [chunk({ content: tricky })])).toEqual(['unread'])
    expect(tap.result()).toMatchObject({ outputBytes: 1 + tricky.length, complete: false })
    expect(tap.result().usage).toBeUndefined()
  })

  test('errors and cuts', () => {
    const failed = createTap(wireOf(body))
    expect(
      run(failed, [
        chunk({ content: 'a' }),
        frame({ error: { message: 'Overloaded', type: 'overloaded_error' } }),
      ]),
    ).toEqual(['pass', 'pass'])
    expect(failed.result()).toMatchObject({ complete: false, error: { class: 'overloaded' } })
    const empty = createTap(wireOf(body))
    run(empty, [frame('[DONE]')])
    expect(empty.result()).toMatchObject({
      committed: false,
      complete: false,
      error: { class: 'upstream_truncated' },
    })
    const broken = createTap(wireOf(body))
    run(broken, [frame('{"choices":[{'), frame('')])
    expect(broken.result()).toMatchObject({ committed: false, complete: false })
  })

  test('one of two choices does not complete the stream', () => {
    const tap = createTap(wireOf({ ...body, n: 2 }))
    run(tap, [
      chunk({ content: 'a' }),
      chunk({ content: 'b' }, { index: 1 }),
      chunk({}, { finish_reason: 'stop' }),
    ])
    expect(tap.result().complete).toBe(false)
    run(tap, [chunk({}, { finish_reason: 'stop', index: 1 })])
    expect(tap.result().complete).toBe(true)
  })

  test('whole answers: recorded, empty, an error inside a 200', () => {
    for (const { response } of recorded().filter(
      (one) => !isCohere(one) && one.response.status === 200 && one.response.json,
    )) {
      const tap = createTap(wireOf({ ...body, stream: false }))
      tap.body(response.json ?? {})
      expect(tap.result()).toMatchObject({ committed: true, complete: true, usage: { final: true } })
      expect(tap.result().error).toBeUndefined()
    }
    for (const json of [{}, { choices: [] }]) {
      const tap = createTap(wireOf(body))
      tap.body(json)
      expect(tap.result()).toMatchObject({
        committed: false,
        complete: false,
        error: { class: 'upstream_failed' },
      })
    }
    const inside = createTap(wireOf(body))
    inside.body({ error: { code: 429, message: 'slow down' } })
    expect(inside.result()).toMatchObject({ committed: false, error: { class: 'rate_limited' } })
  })

  test("Cohere's own wire passes untouched: nothing is hidden", () => {
    for (const { response } of recorded().filter((one) => isCohere(one) && one.response.sse !== undefined)) {
      expect(run(createTap(wireOf(body)), framesOf(response.sse ?? '')).includes('hide')).toBe(false)
    }
  })
})
