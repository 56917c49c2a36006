import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayEvent } from '../model/index.ts'
import type { EventTransform, StreamDecoder, StreamEncoder } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { createConvertLine } from './convert-line.ts'

/** The upstream's wire is the event itself as JSON, the client's too. */
const decoder = (): StreamDecoder<GatewayEvent> => ({
  push: (frame, emit) => emit(JSON.parse(frame.data) as GatewayEvent),
  end: (emit) =>
    emit({
      type: 'error',
      error: new GatewayError({ class: 'upstream_truncated', message: 'cut', source: 'upstream' }).data,
    }),
})
const encoder: StreamEncoder<GatewayEvent> = {
  push: (event, write) => write({ data: JSON.stringify(event) }),
}
const wire = (...events: readonly GatewayEvent[]): Buffer =>
  Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))

function make(
  stages: readonly EventTransform[] = [],
  sameProtocol = false,
): ReturnType<typeof createConvertLine> {
  return createConvertLine({ decoder: decoder(), encoder, stages, provider: 'host', sameProtocol })
}
const read = (line: ReturnType<typeof make>): GatewayEvent[] =>
  line
    .take()
    .map(String)
    .join('')
    .split('\n\n')
    .filter(Boolean)
    .map((frame) => JSON.parse(frame.slice(6)) as GatewayEvent)

const start: GatewayEvent = { type: 'start', id: 'a' }
const begin = (index = 0, choice?: number): GatewayEvent => ({
  type: 'part-start',
  index,
  part: { type: 'text', text: '' },
  ...(choice === undefined ? {} : { choice }),
})
const text = (value: string, index = 0): GatewayEvent => ({
  type: 'part-delta',
  index,
  delta: { type: 'text', text: value },
})
const finish: GatewayEvent = { type: 'finish', finish: { reason: 'stop' } }
const whole: readonly GatewayEvent[] = [
  start,
  begin(),
  text('hällo'),
  { type: 'part-end', index: 0 },
  finish,
  { type: 'end' },
]

describe('the convert line', () => {
  it('gives every event, in order, however the bytes are cut and whenever the gate opens', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(600), { maxLength: 10 }), fc.nat(10), (cuts, openAt) => {
        const bytes = wire(...whole)
        const line = make()
        const edges = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
        const got: GatewayEvent[] = []
        for (let index = 1; index < edges.length; index++) {
          line.push(bytes.subarray(edges[index - 1], edges[index]))
          if (index === openAt) line.open()
          if (index < openAt) expect(line.take()).toEqual([])
          got.push(...read(line))
        }
        line.open()
        got.push(...read(line))
        line.end()
        got.push(...read(line))
        expect(got).toEqual(whole)
        expect(line).toMatchObject({ committed: true, complete: true, finished: true, outputBytes: 6 })
      }),
      { numRuns: 200 },
    )
  })

  it('makes an error of a stream that ends in the middle, and writes none of it itself', () => {
    const line = make()
    line.open()
    line.push(wire(start, begin(), text('a')))
    line.end()
    expect(line.error).toMatchObject({ class: 'upstream_truncated' })
    expect(read(line).map(({ type }) => type)).toEqual(['start', 'part-start', 'part-delta'])
    expect(line.finished).toBe(false)
  })

  it('takes nothing after an error or an end', () => {
    const line = make()
    line.open()
    line.push(wire(...whole, begin(1), text('late', 1), finish))
    expect(read(line)).toEqual(whole)
  })

  it('what decoders choke on is the upstream’s fault; what a plugin throws is its own', () => {
    expect(() => make().push(Buffer.from('data: no json\n\n'))).toThrow(
      expect.objectContaining({
        data: expect.objectContaining({ class: 'upstream_failed', source: 'upstream' }),
      }),
    )
    const own = new GatewayError({ class: 'internal', message: 'hook', code: 'hook_failed' })
    const line = make([
      () => {
        throw own
      },
    ])
    line.push(wire(start))
    expect(() => line.open()).toThrow(own)
  })

  it('names an encoder that fails as our fault', () => {
    const line = createConvertLine({
      decoder: decoder(),
      encoder: {
        push: () => {
          throw new TypeError('undefined is not a function')
        },
      },
      stages: [],
      provider: 'host',
      sameProtocol: false,
    })
    line.open()
    expect(() => line.push(wire(start))).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ class: 'internal' }) }),
    )
  })

  it('forgets what it has when the upstream begins again before the gate, and errs after it', () => {
    const again: GatewayEvent = { type: 'restart' }
    const line = make()
    line.push(wire(start, begin(), text('wrong'), again, ...whole))
    line.open()
    expect(read(line)).toEqual(whole)

    const late = make()
    late.open()
    late.push(wire(start, begin(), again, text('x')))
    expect(late.error).toMatchObject({ class: 'upstream_failed' })

    const same = make([], true)
    same.open()
    same.push(wire(start, begin(), again, ...whole))
    expect(same.error).toBeUndefined()
    expect(read(same).map(({ type }) => type)).toContain('restart')
  })

  it('a ping of another protocol is just a ping, of the same it keeps its spelling', () => {
    const ping: GatewayEvent = { type: 'keep-alive', raw: 'their words' }
    for (const [same, wanted] of [
      [false, { type: 'keep-alive' }],
      [true, ping],
    ] as const) {
      const line = make([], same)
      line.open()
      line.push(wire(ping))
      expect(read(line)).toEqual([wanted])
      expect(line.progress).toBe(0)
    }
  })

  it('stop ends open parts and open choices, with length, once', () => {
    const line = make()
    line.open()
    line.push(wire(start, begin(0), begin(0, 1), { type: 'part-end', index: 0 }, finish))
    read(line)
    expect(line.finished).toBe(false)
    line.stop({ tokens: { output: 3 }, source: 'observed', final: true })
    expect(read(line)).toEqual([
      { type: 'part-end', index: 0, choice: 1 },
      { type: 'usage', usage: { tokens: { output: 3 }, source: 'observed', final: true } },
      { type: 'finish', finish: { reason: 'length' }, choice: 1 },
      { type: 'end' },
    ])
  })
})
