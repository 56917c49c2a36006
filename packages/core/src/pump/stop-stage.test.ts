import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayEvent } from '../model/index.ts'
import { accumulate } from '../codec/index.ts'
import { createPipe } from './event-pipe.ts'
import { stopAt } from './stop-stage.ts'

/** One text in these pieces, then a call, then the end. */
function run(pieces: readonly string[], sequences: readonly string[]): ReturnType<typeof finished> {
  const fold = accumulate()
  const seen: GatewayEvent[] = []
  const push = createPipe([stopAt(sequences)], (event) => {
    seen.push(event)
    fold.push(event)
  })
  push({ type: 'start' })
  push({ type: 'part-start', index: 0, part: { type: 'text', text: '' } })
  for (const text of pieces) push({ type: 'part-delta', index: 0, delta: { type: 'text', text } })
  push({ type: 'part-end', index: 0, part: { type: 'text', text: pieces.join('') } })
  push({
    type: 'part-start',
    index: 1,
    part: { type: 'tool_call', kind: 'function', callId: 'a', name: 'f', arguments: '' },
  })
  push({ type: 'part-delta', index: 1, delta: { type: 'arguments', text: '{}' } })
  push({ type: 'part-end', index: 1 })
  push({ type: 'usage', usage: { tokens: { output: 9 }, source: 'upstream', final: true } })
  push({ type: 'finish', finish: { reason: 'tool_calls' } })
  push({ type: 'end' })
  return finished(fold.response(), seen)
}

function finished(response: ReturnType<ReturnType<typeof accumulate>['response']>, seen: GatewayEvent[]) {
  const [first] = response.parts
  return { text: first?.type === 'text' ? first.text : undefined, response, seen }
}

describe('stopAt', () => {
  it('ends at a sequence that arrives in pieces, and says which', () => {
    const { text, response } = run(['one <', 'e', 'nd> two'], ['<end>', 'two'])
    expect(text).toBe('one ')
    expect(response.parts).toHaveLength(1)
    expect(response.finish).toEqual({ reason: 'stop', stopSequence: '<end>' })
    // What it cost is still told.
    expect(response.usage?.tokens).toEqual({ output: 9 })
  })

  it('gives out what only looked like a beginning', () => {
    const { text, response } = run(['a <', 'en', 'ding'], ['<end>'])
    expect(text).toBe('a <ending')
    expect(response.finish).toEqual({ reason: 'tool_calls' })
    expect(response.parts).toHaveLength(2)
  })

  it('leaves an answer alone whose last words are a beginning', () => {
    expect(run(['a <e'], ['<end>']).text).toBe('a <e')
  })

  it('leaves alone what goes over two parts, and what is thought', () => {
    const fold = accumulate()
    const push = createPipe([stopAt(['END'])], (event) => fold.push(event))
    push({ type: 'start' })
    push({ type: 'part-start', index: 0, part: { type: 'reasoning', segments: [] } })
    push({
      type: 'part-delta',
      index: 0,
      delta: { type: 'reasoning', segment: 0, kind: 'text', text: 'not the END' },
    })
    push({ type: 'part-end', index: 0 })
    for (const [index, text] of [
      [1, 'E'],
      [2, 'ND'],
    ] as const) {
      push({ type: 'part-start', index, part: { type: 'text', text: '' } })
      push({ type: 'part-delta', index, delta: { type: 'text', text } })
      push({ type: 'part-end', index })
    }
    push({ type: 'finish', finish: { reason: 'stop' } })
    push({ type: 'end' })
    const { parts, finish } = fold.response()
    expect(parts.map((part) => (part.type === 'text' ? part.text : part.type))).toEqual([
      'reasoning',
      'E',
      'ND',
    ])
    expect(finish).toEqual({ reason: 'stop' })
  })

  it('ends one choice and lets the others go on', () => {
    const fold = accumulate()
    const push = createPipe([stopAt(['x'])], (event) => fold.push(event))
    push({ type: 'start' })
    const texts = ['a x b', 'a y b']
    for (const choice of [0, 1])
      push({ type: 'part-start', index: 0, choice, part: { type: 'text', text: '' } })
    texts.forEach((text, choice) =>
      push({ type: 'part-delta', index: 0, choice, delta: { type: 'text', text } }),
    )
    for (const choice of [0, 1]) push({ type: 'part-end', index: 0, choice })
    for (const choice of [0, 1]) push({ type: 'finish', choice, finish: { reason: 'length' } })
    push({ type: 'end' })
    const { parts, finish, alternatives } = fold.response()
    expect(parts).toMatchObject([{ text: 'a ' }])
    expect(finish).toEqual({ reason: 'stop', stopSequence: 'x' })
    expect(alternatives).toMatchObject([{ parts: [{ text: 'a y b' }], finish: { reason: 'length' } }])
  })

  it('keeps what is known of tokens that are not cut', () => {
    const stage = stopAt(['END'])
    const event: GatewayEvent = {
      type: 'part-delta',
      index: 0,
      delta: { type: 'text', text: 'a', logprobs: [{ token: 'a', logprob: -1 }] },
    }
    expect(stage(event)).toBe(event)
  })

  it('takes ten times the time for ten times the text and sequence', () => {
    const took = (size: number): number => {
      // A text that ends with the worst beginnings again and again.
      const push = createPipe([stopAt([`${'a'.repeat(size)}b`])], () => {})
      const started = performance.now()
      for (let piece = 0; piece < 20; piece++) {
        const text = `${'a'.repeat(size)}c`
        push({ type: 'part-delta', index: 0, delta: { type: 'text', text } })
      }
      return performance.now() - started
    }
    took(2_000)
    const small = Math.max(1, took(2_000))
    expect(took(20_000)).toBeLessThan(30 * small)
  })

  it('cuts where the first sequence is complete, however the text comes in pieces', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 })
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 4 }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(pieces, fc.array(word, { minLength: 1, maxLength: 3 }), (given, sequences) => {
        const whole = given.join('')
        const [first] = sequences
          .map((sequence) => ({
            at: whole.indexOf(sequence),
            end: whole.indexOf(sequence) + sequence.length,
          }))
          .filter(({ at }) => at >= 0)
          .toSorted((a, b) => a.end - b.end || a.at - b.at)
        const wanted = first ? whole.slice(0, first.at) : whole
        const { text, seen } = run(given, sequences)
        expect(text).toBe(wanted)
        const sent = seen.flatMap((event) =>
          event.type === 'part-delta' && event.delta.type === 'text' ? [event.delta.text] : [],
        )
        expect(sent.join('')).toBe(wanted)
      }),
    )
  })
})
