import { encodeFrame } from '@gantry/wire'
import type { JsonObject } from '@gantry/core'
import type { Capture, CapturedExchange } from '../../fixtures.ts'
import {
  collapse,
  frameJson,
  nonZero,
  numberOf,
  objectOf,
  textOf,
  upTo,
  type WireRules,
} from '../../normalise/rules.ts'
import { toyFrames } from './protocol.ts'

/** What is known of the toy wire without its codec. */
export const toyRules: WireRules = {
  captures: 'toy',
  operation: () => 'generate',
  request: (body) => body,
  response: (body) => body,
  first: (frames) => upTo(frames, (frame) => frameJson(frame)?.['done'] !== undefined),
  fold(frames) {
    let folded: JsonObject = {}
    let say: string | undefined
    let call: { id: string; name: string; args: string } | undefined
    for (const frame of frames) {
      const value = frameJson(frame) ?? {}
      if (value['id'] !== undefined) folded = { ...folded, id: value['id'] }
      if (value['say'] !== undefined) say = (say ?? '') + textOf(value['say'])
      const started = objectOf(value['call'])
      if (value['call'] !== undefined)
        call = { id: textOf(started['id']), name: textOf(started['name']), args: '' }
      if (call) call.args += textOf(value['args'])
      if (value['in'] !== undefined) folded = { ...folded, in: value['in'], out: value['out'] }
    }
    return { ...folded, ...(say !== undefined && { say }), ...(call && { call }) }
  },
  kinds: (frames) => collapse(frames.map((frame) => Object.keys(frameJson(frame) ?? {})[0] ?? '')),
  usage(body) {
    const { in: input, out: output } = objectOf(body)
    return input === undefined ? undefined : nonZero({ input: numberOf(input), output: numberOf(output) })
  },
}

const request = {
  method: 'POST',
  path: '/toy',
  headers: {},
  body: { model: 'm', lines: ['hi', 'hello', 'more'] },
}

function exchange(response: CapturedExchange['response'], stream = false): CapturedExchange {
  return {
    provider: 'toy',
    protocol: 'toy',
    request: stream ? { ...request, body: { ...request.body, stream: true } } : request,
    response,
  }
}

const streamed: readonly JsonObject[] = [
  { id: 'r1' },
  { say: 'Häl' },
  { say: 'lo 😀' },
  { call: { id: 'c1', name: 'f' } },
  { args: '{"a":' },
  { args: '1}' },
  { done: true, in: 5, out: 7 },
]

/** Captures of the toy wire: whole, streamed, refused, and one of another protocol that is left out. */
export const toyCaptures: readonly Capture[] = [
  {
    name: 'whole',
    source: null,
    protocol: 'toy',
    tags: [],
    exchanges: [
      exchange({ status: 200, headers: {}, json: { id: 'r1', say: 'hello', in: 3, out: 4 } }),
      exchange({
        status: 200,
        headers: {},
        json: { id: 'r2', call: { id: 'c1', name: 'f', args: '{"a":1}' }, in: 3, out: 4 },
      }),
      exchange({ status: 429, headers: {}, json: { failed: { why: 'Slow down, "please".' } } }),
      { ...exchange({ status: 200, headers: {}, json: { other: true } }), protocol: 'other' },
    ],
  },
  {
    name: 'stream',
    source: null,
    protocol: 'toy',
    tags: [],
    exchanges: [
      exchange({ status: 200, headers: {}, sse: toyFrames(streamed).map(encodeFrame).join('') }, true),
      exchange(
        {
          status: 200,
          headers: {},
          sse: toyFrames([...streamed.slice(0, 3), { done: true }])
            .map(encodeFrame)
            .join(''),
        },
        true,
      ),
    ],
  },
]
