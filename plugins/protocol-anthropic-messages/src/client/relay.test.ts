import type { TapResult, WireRequest } from '@gantry/core'
import { accumulate } from '@gantry/core/codec'
import { describe, expect, it } from 'vitest'
import { attempt, captures, framesOf } from '../captures.test-support.ts'
import { decodeResponse } from './decode-response.ts'
import { relay } from './relay.ts'
import { streamDecoder } from './stream-decoder.ts'

const wire = (path = '/messages', headers: { [name: string]: string } = {}): WireRequest => ({
  method: 'POST',
  path,
  params: {},
  headers: new Headers(headers),
  body: new Uint8Array(),
  json: () => ({}),
})

describe('relay', () => {
  const { target } = attempt('claude-opus-5-5')

  it('keeps the path and its query, but not a key in it', () => {
    expect(relay.path(wire('/messages?beta=true'), target)).toBe('/messages?beta=true')
    expect(relay.path(wire('/messages/count_tokens'), target)).toBe('/messages/count_tokens')
    expect(relay.path(wire('/messages?key=secret&beta=true&a=%2F'), target)).toBe('/messages?beta=true&a=%2F')
    expect(relay.path(wire('/messages?api_key=secret'), target)).toBe('/messages')
  })

  it('passes version and betas byte for byte, and nothing else', () => {
    const beta = 'a-2026-01-01,  b-2026-02-02'
    expect(
      relay.headers(
        wire('/', {
          'anthropic-version': '2026-10-21',
          'anthropic-beta': beta,
          authorization: 'x',
          cookie: 'y',
        }),
      ),
    ).toEqual({
      'anthropic-version': '2026-10-21',
      'anthropic-beta': beta,
    })
    expect(relay.headers(wire())).toEqual({ 'anthropic-version': '2023-06-01' })
  })

  it('splices the model', () => {
    expect(relay.splices(wire(), target)).toEqual([{ pointer: '/model', value: 'claude-opus-5-5' }])
  })
})

describe('tap', () => {
  const streams = captures().filter(({ kind }) => kind === 'stream')

  it('reads what the decoder reads, from far fewer frames', () => {
    let wanted = 0
    let all = 0
    for (const { sse = '', file } of streams) {
      const tap = relay.tap(wire())
      const decoder = streamDecoder(attempt())
      const folded = accumulate()
      let state: TapResult | undefined
      for (const frame of framesOf(sse)) {
        decoder.push(frame, folded.push)
        // What follows the first message belongs to the next request of that recording.
        if (state?.complete) continue
        all++
        if (tap.wants(frame.data)) {
          wanted++
          expect(tap.frame(frame)).toBe('pass')
        }
        state = tap.result()
      }
      const response = folded.response()
      const { usage, finish, id, committed, complete, error } = tap.result()
      expect({ file, usage, finish, id, committed, complete, error }).toEqual({
        file,
        usage: response.usage,
        finish: response.finish,
        id: response.id,
        committed: true,
        complete: true,
        error: undefined,
      })
    }
    expect(wanted).toBeLessThan(all / 6)
  })

  it('reads whole answers', () => {
    const whole = captures().filter(({ kind }) => kind === 'response')
    for (const { json = {} } of whole) {
      const tap = relay.tap(wire())
      tap.body(json)
      const response = decodeResponse(json, attempt())
      expect(tap.result()).toMatchObject({
        committed: true,
        complete: true,
        id: response.id,
        usage: response.usage,
        finish: response.finish,
      })
    }
    expect(whole).toHaveLength(81)
    const empty = relay.tap(wire())
    empty.body({})
    expect(empty.result()).toMatchObject({ committed: false, complete: true, outputBytes: 2 })
    const refused = relay.tap(wire())
    refused.body({ type: 'error', error: { type: 'api_error', message: 'Broken' } })
    expect(refused.result()).toMatchObject({ committed: false, error: { class: 'upstream_failed' } })
  })

  it('is not fooled by text, counts output, and sees errors and cuts', () => {
    const tap = relay.tap(wire())
    const words = JSON.stringify({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: 'say "message_stop" and "error"' },
    })
    expect(tap.wants(words)).toBe(false)
    const { outputBytes } = tap.result()
    expect(outputBytes).toBeGreaterThan(30)
    expect(outputBytes).toBeLessThan(50)
    expect(tap.result()).toMatchObject({ committed: false, complete: false })
    const failure = JSON.stringify({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    })
    expect(tap.wants(failure)).toBe(true)
    tap.frame({ data: failure })
    expect(tap.result()).toMatchObject({ complete: false, error: { class: 'overloaded' } })
  })
})
