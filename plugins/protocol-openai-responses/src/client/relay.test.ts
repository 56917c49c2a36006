import type { JsonObject, Target, TapResult } from '@gantry/core'
import { accumulate } from '@gantry/core/codec'
import { describe, expect, it } from 'vitest'
import { attempt, framesOf, recorded, wireOf } from '../recorded.test-support.ts'
import { decodeResponse } from './decode-response.ts'
import { relay } from './relay.ts'
import { streamDecoder } from './stream-decoder.ts'

const { target } = attempt('gpt-5.5')
const at = (quirks: JsonObject, model = 'gpt-5.5'): Target => ({ ...target, model, quirks })

describe('a relayed request', () => {
  it('goes to the one path, with the headers of its session and nothing else', () => {
    expect(relay.path(wireOf({}, { path: '/responses?key=secret' }), target)).toBe('/responses')
    const headers = new Headers({
      authorization: 'Bearer k',
      cookie: 'c',
      'openai-beta': 'responses=v1',
      'session-id': 's',
      thread_id: 't',
      originator: 'codex_exec',
      'x-codex-turn-state': 'x',
      'x-openai-subagent': 'review',
      'x-forwarded-for': '10.0.0.1',
    })
    expect(Object.keys(relay.headers(wireOf({}, { headers }))).toSorted()).toEqual([
      'openai-beta',
      'originator',
      'session-id',
      'thread_id',
      'x-codex-turn-state',
      'x-openai-subagent',
    ])
  })

  it('has its model set, and asks for nothing to be stored', () => {
    const splices = (body: object, quirks: JsonObject = {}): unknown =>
      relay.splices(wireOf(body), at(quirks))
    const model = { pointer: '/model', value: 'gpt-5.5' }
    const unstored = { pointer: '/store', value: false }
    expect(splices({ model: 'alias' })).toEqual([model, unstored])
    expect(splices({ model: 'gpt-5.5', store: false })).toEqual([])
    expect(splices({ model: 'gpt-5.5', store: true })).toEqual([unstored])
    expect(splices({ model: 'gpt-5.5', store: null })).toEqual([unstored])
    expect(splices({ model: 'gpt-5.5', conversation: null })).toEqual([unstored])
    expect(splices({ model: 'gpt-5.5' }, { store: 'client' })).toEqual([])
    expect(splices({ model: 'gpt-5.5', store: true }, { store: 'never' })).toEqual([unstored])
    const quirks = { refuses: ['store', 'max_output_tokens', 'a/b', 'model'] }
    expect(splices({ model: 'gpt-5.5', store: true, max_output_tokens: 5, 'a/b': 1 }, quirks)).toEqual([
      { pointer: '/store' },
      { pointer: '/max_output_tokens' },
      { pointer: '/a~1b' },
    ])
  })

  it('is encoded instead where its host lacks something that is in it', () => {
    const fits = (body: object, quirks: JsonObject): boolean | undefined =>
      relay.fits?.(wireOf(body), at(quirks))
    const custom = { tools: [{ type: 'custom', name: 'apply_patch' }] }
    const inside = { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'custom', name: 'x' }] }] }
    expect(fits(custom, {})).toBe(true)
    expect(fits(custom, { customTools: false })).toBe(false)
    expect(fits(inside, { customTools: false })).toBe(false)
    expect(fits(inside, { namespaces: false })).toBe(false)
    expect(
      fits(
        { tools: [{ type: 'function', name: 'f' }] },
        { customTools: false, namespaces: false, hostedTools: false },
      ),
    ).toBe(true)
    expect(fits({ tools: [{ type: 'tool_search' }] }, { toolSearch: false })).toBe(false)
    expect(fits({ tools: [{ type: 'web_search' }] }, { hostedTools: false })).toBe(false)
    expect(fits({ input: [{ type: 'custom_tool_call' }] }, { customTools: false })).toBe(false)
    expect(fits({ input: [{ type: 'function_call', namespace: 'n' }] }, { namespaces: false })).toBe(false)
    expect(fits({ input: [{ type: 'additional_tools' }] }, { toolSearch: false })).toBe(false)
    expect(fits({ input: [{ role: 'developer', content: 'x' }] }, { systemRole: 'system' })).toBe(false)
    expect(fits({ input: [{ role: 'system', content: 'x' }] }, { systemRole: 'system' })).toBe(true)
    expect(fits({ input: 'text' }, { customTools: false })).toBe(true)
  })
})

describe('the tap', () => {
  const streams = recorded().filter(({ kind }) => kind === 'stream')

  it('reads what the decoder reads, from far fewer frames', () => {
    let wanted = 0
    let all = 0
    for (const { name, response } of streams) {
      const tap = relay.tap(wireOf({}))
      const decoder = streamDecoder(attempt())
      const folded = accumulate()
      let state: TapResult | undefined
      for (const frame of framesOf(response.sse ?? '')) {
        decoder.push(frame, folded.push)
        // What follows belongs to the next request of that recording.
        if (state?.complete) continue
        all++
        if (tap.wants(frame.data)) {
          wanted++
          expect(tap.frame(frame)).toBe('pass')
        }
        state = tap.result()
      }
      const answer = folded.response()
      const { usage, finish, id, complete, error, outputBytes } = tap.result()
      expect({ name, usage, finish, id, complete, error }).toEqual({
        name,
        usage: answer.usage,
        finish: answer.finish,
        id: answer.id,
        complete: true,
        error: answer.error,
      })
      expect(tap.result().committed).toBe(answer.parts.length > 0)
      // Where the recording's deltas are its text, the bytes are counted exactly.
      if (name.includes('tool-call')) expect([name, outputBytes]).toEqual([name, bytesOf(answer.parts)])
    }
    expect(wanted).toBeLessThan(all / 8)
  })

  it('reads whole answers', () => {
    const whole = recorded().filter(({ kind }) => kind === 'answer')
    for (const { response } of whole) {
      const body = response.json as JsonObject
      const tap = relay.tap(wireOf({}))
      tap.body(body)
      const answer = decodeResponse(body, attempt())
      const { usage, finish, id, committed, complete } = tap.result()
      expect({ usage, finish, id, committed, complete }).toEqual({
        usage: answer.finish ? answer.usage : undefined,
        finish: answer.finish,
        id: answer.id,
        committed: true,
        complete: true,
      })
    }
    const refused = relay.tap(wireOf({}))
    refused.body({ error: { type: 'server_error', message: 'Broken' } })
    expect(refused.result()).toMatchObject({ committed: false, error: { class: 'upstream_failed' } })
    const empty = relay.tap(wireOf({}))
    empty.body({ object: 'response', status: 'completed', output: [] })
    expect(empty.result()).toMatchObject({ committed: false, complete: true, finish: { reason: 'stop' } })
  })

  it('is not fooled by words in a text, and sees errors, pages and cuts', () => {
    const tap = relay.tap(wireOf({}))
    const event = (type: string, more: object): string => JSON.stringify({ type, ...more })
    const first = event('response.output_text.delta', { delta: 'x' })
    expect(tap.wants(first)).toBe(true)
    tap.frame({ data: first })
    const said = event('response.output_text.delta', { delta: 'say "response.completed" and "error" €' })
    expect(tap.wants(said)).toBe(false)
    expect(tap.result()).toMatchObject({ committed: true, complete: false, outputBytes: 41 })
    expect(tap.wants(event('response.output_text.done', { text: 'response.output_text.delta' }))).toBe(false)
    expect(tap.wants(': comment')).toBe(true)
    expect(tap.wants('[DONE]')).toBe(false)
    const failure = event('error', { code: 'server_is_overloaded', message: 'Busy' })
    expect(tap.wants(failure)).toBe(true)
    tap.frame({ data: failure })
    expect(tap.result()).toMatchObject({ complete: false, error: { class: 'overloaded' } })

    const page = relay.tap(wireOf({}))
    expect(page.wants('<html>')).toBe(true)
    page.frame({ data: '<html>' })
    expect(page.result().error?.class).toBe('upstream_failed')

    const announced = relay.tap(wireOf({}))
    const announce = (type: string): boolean => {
      const data = event('response.output_item.added', { output_index: 0, item: { type } })
      expect(announced.wants(data)).toBe(true)
      announced.frame({ data })
      return announced.result().committed
    }
    expect([announce('message'), announce('function_call')]).toEqual([false, true])
  })

  it('knows calls that only their own frames tell', () => {
    const tap = relay.tap(wireOf({}))
    const push = (type: string, more: object): void => {
      const data = JSON.stringify({ type, ...more })
      if (tap.wants(data)) tap.frame({ data })
    }
    push('response.created', { response: { id: 'resp_1' } })
    push('response.output_item.done', {
      item: { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    })
    push('response.completed', { response: { id: 'resp_1', status: 'completed' } })
    expect(tap.result()).toMatchObject({
      id: 'resp_1',
      complete: true,
      finish: { reason: 'tool_calls' },
      outputBytes: 2,
    })
  })
})

function bytesOf(parts: ReturnType<typeof decodeResponse>['parts']): number {
  let bytes = 0
  for (const part of parts) {
    if (part.type === 'text') bytes += Buffer.byteLength(part.text)
    if (part.type === 'tool_call') bytes += Buffer.byteLength(part.arguments)
    if (part.type === 'reasoning') for (const { text } of part.segments) bytes += Buffer.byteLength(text)
  }
  return bytes
}
