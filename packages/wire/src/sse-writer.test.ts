import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Frame } from './frame.ts'
import { createSseReader } from './sse-reader.ts'
import { encodeFrame } from './sse-writer.ts'

const hostile = fc.string({
  unit: fc.constantFrom('a', ' ', ':', '\n', '\r', '\r\n', 'data: ', 'event: x', '漢', '🙂'),
  maxLength: 20,
})

describe('encodeFrame', () => {
  it.each([
    [{ data: '{"a":1}' }, 'data: {"a":1}\n\n'],
    [{ event: 'ping', id: '3', data: 'x' }, 'event: ping\nid: 3\ndata: x\n\n'],
    [{ data: 'a\r\nb\rc\nd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [{ event: 'x\n\ndata: forged', data: '' }, 'event: xdata: forged\ndata: \n\n'],
    [{ comment: 'keep-alive' }, ': keep-alive\n\n'],
    [{ comment: 'a\ndata: forged' }, ': a\n: data: forged\n\n'],
  ])('writes %j', (frame, text) => {
    expect(encodeFrame(frame)).toBe(text)
  })

  it('writes one event whatever the values are, and its data reads back', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (event, id, data) => {
        const frames: Frame[] = []
        const reader = createSseReader((frame) => frames.push(frame))
        reader.push(new TextEncoder().encode(encodeFrame({ event, id, data })))
        const wanted = data.replaceAll(/\r\n|\r/g, '\n')
        expect(frames.map((frame) => frame.data)).toEqual(wanted === '' ? [] : [wanted])
        reader.end()
        expect(frames.length).toBeLessThan(2)
      }),
      { numRuns: 1000 },
    )
  })
})
