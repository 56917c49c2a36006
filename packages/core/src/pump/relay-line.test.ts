import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Frame, StreamEncoder, Tap, TapResult } from '../contract/index.ts'
import type { GatewayEvent } from '../model/index.ts'
import { createRelayLine } from './relay-line.ts'

/** A protocol in words: `out…` is output, `hide` ours, `done` the end, `fault` an error. */
function wordTap(): Tap {
  const seen = { committed: false, complete: false, bytes: 0, error: false }
  return {
    wants: () => true,
    frame(frame: Frame) {
      if (frame.data === 'hide') return 'hide'
      if (frame.data === 'done') seen.complete = true
      if (frame.data === 'fault') seen.error = true
      if (frame.data.startsWith('out')) {
        seen.committed = true
        seen.bytes += frame.data.length
      }
      return 'pass'
    },
    body() {},
    result: (): TapResult => ({
      committed: seen.committed,
      complete: seen.complete,
      outputBytes: seen.bytes,
      ...(seen.error
        ? {
            error: {
              class: 'upstream_failed',
              status: 502,
              message: 'theirs',
              retryable: true,
              source: 'upstream',
            },
          }
        : {}),
    }),
  }
}

const encoder = (): StreamEncoder<GatewayEvent> => ({
  push: (event, write) => write({ data: `own ${event.type}` }),
})

function run(
  input: string,
  cuts: readonly number[],
): { text: string; line: ReturnType<typeof createRelayLine> } {
  const line = createRelayLine(wordTap(), encoder)
  const bytes = Buffer.from(input)
  const taken: Buffer[] = []
  const take = (): void => void taken.push(...line.take().map((one) => Buffer.from(one)))
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  for (let index = 1; index < edges.length; index++) {
    line.push(bytes.subarray(edges[index - 1], edges[index]))
    take()
  }
  line.end()
  take()
  return { text: Buffer.concat(taken).toString(), line }
}

const textOf = (taken: readonly (string | Uint8Array)[]): string =>
  taken.map((one) => Buffer.from(one).toString()).join('')

const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
const frameOf = (data: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('', 'event: x', ': note', 'id: 7'), data, lineEnd)
    .map(([before, word, end]) => `${before === '' ? '' : before + end}data: ${word}${end}${end}`)
const shown = frameOf(fc.constantFrom('out grün', 'out 😀', 'nothing', '{"a":1}', 'done'))
const hidden = frameOf(fc.constant('hide')).filter((frame) => !frame.startsWith(': note'))

describe('the relay line', () => {
  it('gives the input without the hidden frames, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            { weight: 4, arbitrary: shown.map((text) => ({ text, hide: false })) },
            { weight: 1, arbitrary: hidden.map((text) => ({ text, hide: true })) },
          ),
          { maxLength: 20 },
        ),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (frames, cuts) => {
          const all = frames.map(({ text }) => text).join('')
          const kept = frames
            .filter(({ hide }) => !hide)
            .map(({ text }) => text)
            .join('')
          const { text } = run(all, cuts)
          expect(text).toBe(kept)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('passes any bytes at all that hold no hidden frame', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        (input, cuts) => {
          fc.pre(!/hide|fault/.test(input))
          expect(run(input, cuts).text).toBe(Buffer.from(input).toString())
        },
      ),
      { numRuns: 300 },
    )
  })

  it('cuts a frame that carries an error, and everything behind it, and says it in our words', () => {
    const { text, line } = run('data: out\n\ndata: fault\n\ndata: out late\n\n', [])
    expect(text).toBe('data: out\n\n')
    expect(line.error).toMatchObject({ class: 'upstream_failed' })
    line.fail(line.error!)
    expect(line.take()).toEqual(['data: own error\n\n'])
  })

  it('makes one write of neighbours in one chunk', () => {
    const line = createRelayLine(wordTap(), encoder)
    line.push(Buffer.from('data: out\n\n'.repeat(50)))
    expect(line.take()).toHaveLength(1)
    line.push(Buffer.from('data: out\n\ndata: hide\n\ndata: out\n\n'))
    expect(line.take()).toHaveLength(2)
  })

  it('counts pings by any of their names as no progress', () => {
    const line = createRelayLine(wordTap(), encoder)
    line.push(Buffer.from(': hi\n\nevent: ping\ndata: {}\n\nevent: keepalive\ndata: {}\n\n'))
    expect(line.progress).toBe(0)
    line.push(Buffer.from('data: nothing\n\n'))
    expect(line.progress).toBe(1)
    expect(line.committed).toBe(false)
  })

  it('puts our own words between whole frames, never into one', () => {
    const line = createRelayLine(wordTap(), encoder)
    line.push(Buffer.from('data: out\n\ndata: ou'))
    line.keepAlive()
    line.push(Buffer.from('t 2\n\n'))
    expect(textOf(line.take())).toBe('data: out\n\ndata: own keep-alive\n\ndata: out 2\n\n')
  })

  it('asks for an encoder only when there is something to say', () => {
    let made = 0
    const line = createRelayLine(wordTap(), () => {
      made++
      return encoder()
    })
    line.push(Buffer.from('data: out\n\ndata: done\n\n'))
    line.end()
    expect(made).toBe(0)
    line.stop({ tokens: {}, source: 'observed', final: true })
    expect(made).toBe(1)
    expect(textOf(line.take())).toContain('own finish')
    expect(line.take()).toEqual([])
  })
})
