import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireError } from './error.ts'
import type { Frame } from './frame.ts'
import { createFrameSplitter } from './frame-splitter.ts'
import { createSseReader } from './sse-reader.ts'

const encoder = new TextEncoder()

const lineText = fc.oneof(
  fc.constantFrom(
    'data: {"a":1}',
    'data:x',
    'data:',
    'data',
    'event: ping',
    'event:',
    'id: 7',
    'id',
    ': keep',
    ':',
    'retry: 5',
  ),
  fc.constantFrom(
    'data: [DONE]',
    'data: é漢🙂',
    'data: a\tb',
    'unknown: y',
    '\uFEFFdata: z',
    'data: {"a":',
    'dat',
  ),
)
const ending = fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r', '\n\r\n', '\r\n\n', '\n\r')
const stream = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.tuple(lineText, ending), { maxLength: 12 }),
    fc.option(lineText, { nil: '' }),
  )
  .map(([mark, lines, rest]) =>
    encoder.encode((mark ? '\uFEFF' : '') + lines.map(([text, end]) => text + end).join('') + rest),
  )
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })

describe('createFrameSplitter', () => {
  it('returns the very bytes it got and the frames of the specification, for any framing and any cut', () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, sizes) => {
        const segments: Uint8Array[] = []
        const frames: Frame[] = []
        const splitter = createFrameSplitter()
        const onSegment = (segment: Uint8Array, frame: Frame | undefined): void => {
          segments.push(segment)
          if (frame) frames.push(frame)
        }
        for (const piece of slices(bytes, sizes)) splitter.push(piece, onSegment)
        splitter.end(onSegment)
        expect(Buffer.concat(segments).equals(Buffer.from(bytes))).toBe(true)
        expect(frames).toEqual(specFrames(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  it('reports what createSseReader reports, cut differently', () => {
    fc.assert(
      fc.property(stream, cuts, cuts, (bytes, sizes, others) => {
        expect(split(slices(bytes, sizes))).toEqual(read(slices(bytes, others)))
      }),
      { numRuns: 1000 },
    )
  })

  it('gives a frame as soon as its blank line is there, a bare CR at the end of a chunk too', () => {
    const frames: unknown[] = []
    const splitter = createFrameSplitter()
    splitter.push(encoder.encode('data: 1\r\n\r'), (_bytes, frame) => frames.push(frame))
    expect(frames).toEqual([{ data: '1' }])
    splitter.push(encoder.encode('\ndata: 2\n\n'), (_bytes, frame) => frames.push(frame))
    expect(frames).toEqual([{ data: '1' }, { data: '2' }])
  })

  it('passes a comment on at once, without a blank line after it', () => {
    const segments: string[] = []
    const splitter = createFrameSplitter()
    splitter.push(encoder.encode(': a\tkeep-alive\n'), (bytes, frame) => {
      expect(frame).toBeUndefined()
      segments.push(Buffer.from(bytes).toString())
    })
    expect(segments).toEqual([': a\tkeep-alive\n'])
  })

  it.each([
    ['one long line', () => [encoder.encode('data: '), new Uint8Array(2000).fill(97)]],
    ['many data lines in one event', () => Array.from({ length: 200 }, () => encoder.encode('data: 0123\n'))],
    ['a comment without an end', () => [encoder.encode(':'), new Uint8Array(2000).fill(97)]],
    ['a whole event in one chunk', () => [encoder.encode(`data: ${'a'.repeat(2000)}\n\n`)]],
  ])('throws too_large for %s', (_name, pieces) => {
    const splitter = createFrameSplitter({ maxBytes: 1024 })
    const run = (): void => pieces().forEach((piece) => splitter.push(piece, () => {}))
    expect(run).toThrow(expect.objectContaining({ kind: 'too_large' }))
    expect(() => splitter.push(encoder.encode('data: 1\n\n'), () => {})).toThrow(WireError)
  })

  it('takes an event of just the limit', () => {
    const text = `data: ${'a'.repeat(1016)}\n\n`
    const frames = split([encoder.encode(text)], 1024)
    expect(frames).toEqual([{ data: 'a'.repeat(1016) }])
  })

  it('is linear for slices of one byte and for huge frames', () => {
    const small = time(() => feedBytes(200_000))
    const large = time(() => feedBytes(2_000_000))
    expect(large).toBeLessThan(Math.max(small, 5) * 40)
  })
})

describe('createSseReader', () => {
  it('reads comments when asked', () => {
    const comments: string[] = []
    const reader = createSseReader(() => {}, { onComment: (text) => comments.push(text) })
    reader.push(encoder.encode(': one\n\ndata: 1\n:two\n\n'))
    expect(comments).toEqual(['one', 'two'])
  })

  it.each([
    ['data: half\n', [{ data: 'half' }]],
    ['data: half\r', [{ data: 'half' }]],
    ['event: message_stop\ndata: {"a":1}\n', [{ event: 'message_stop', data: '{"a":1}' }]],
    ['data: [DONE]', [{ data: '[DONE]' }]],
    ['data: {"a":1}', [{ data: '{"a":1}' }]],
    ['data: {"a":', []],
    ['data: 1', []],
    ['data: 1\nid: 5', [{ data: '1' }]],
    ['event: ping', []],
    ['event: ping\n', []],
    [': comment\n', []],
  ])('at the end of the stream, %j', (text, frames) => {
    expect(read([encoder.encode(text)])).toEqual(frames)
  })

  it('keeps characters that a slice cuts in two', () => {
    const bytes = encoder.encode('data: 漢🙂é\n\n')
    expect(read(slices(bytes, [1]))).toEqual([{ data: '漢🙂é' }])
  })
})

function split(pieces: Iterable<Uint8Array>, maxBytes?: number): Frame[] {
  const frames: Frame[] = []
  const splitter = createFrameSplitter(maxBytes === undefined ? {} : { maxBytes })
  const onSegment = (_bytes: Uint8Array, frame: Frame | undefined): void => {
    if (frame) frames.push(frame)
  }
  for (const piece of pieces) splitter.push(piece, onSegment)
  splitter.end(onSegment)
  return frames
}

function read(pieces: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = []
  const reader = createSseReader((frame) => frames.push(frame))
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return frames
}

function* slices(bytes: Uint8Array, sizes: readonly number[]): Iterable<Uint8Array> {
  let from = 0
  for (let turn = 0; from < bytes.length; turn++) {
    const to = from + (sizes[turn % sizes.length] as number)
    yield bytes.slice(from, to)
    from = to
  }
}

/** The specification's algorithm, line by line over the whole text, and our rule for the end. */
function specFrames(bytes: Uint8Array): Frame[] {
  const text = new TextDecoder().decode(bytes)
  const lines = text.split(/\r\n|\r|\n/)
  const rest = lines.pop() as string
  const frames: Frame[] = []
  let open = fresh()
  const dispatch = (): void => {
    const data = open.data.join('\n')
    if (data !== '') {
      frames.push({
        data,
        ...(open.event ? { event: open.event } : {}),
        ...(open.id === undefined ? {} : { id: open.id }),
      })
    }
    open = fresh()
  }
  const field = (line: string): void => {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') open.data.push(value)
    else if (name === 'event') open.event = value
    else if (name === 'id') open.id = value
  }
  for (const line of lines) {
    if (line === '') dispatch()
    else field(line)
  }
  if (!rest.startsWith('data:')) dispatch()
  else {
    field(rest)
    const data = open.data.join('\n')
    if (data.trim() === '[DONE]' || (/^\s*[{[]/.test(data) && parses(data))) dispatch()
  }
  return frames
}

function fresh(): { data: string[]; event?: string; id?: string } {
  return { data: [] }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function feedBytes(count: number): void {
  const splitter = createFrameSplitter()
  const byte = new Uint8Array([97])
  splitter.push(encoder.encode('data: '), () => {})
  for (let index = 0; index < count; index++) splitter.push(byte, () => {})
  let seen = 0
  splitter.push(encoder.encode('\n\n'), (bytes) => (seen = bytes.length))
  if (seen !== count + 8) throw new Error('bytes were lost')
}

function time(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}
