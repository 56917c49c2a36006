import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GatewayEvent, GenerateResponse } from '../model/index.ts'
import { accumulate } from './accumulate.ts'
import { eventsOf } from './events-of.ts'
import { orderGuard } from './order-guard.ts'
import { response } from './test/arbitrary.ts'

function fold(events: readonly GatewayEvent[]): GenerateResponse {
  const accumulator = accumulate()
  for (const event of events) accumulator.push(event)
  return accumulator.response()
}

function unfold(value: GenerateResponse): GatewayEvent[] {
  const events: GatewayEvent[] = []
  eventsOf(value, (event) => events.push(event))
  return events
}

describe('accumulate over eventsOf', () => {
  it('is the identity', () => {
    fc.assert(
      fc.property(response, (value) => {
        expect(fold(unfold(value))).toStrictEqual(value)
      }),
      { numRuns: 200 },
    )
  })

  it('keeps the order rules', () => {
    fc.assert(
      fc.property(response, (value) => {
        const guard = orderGuard()
        for (const event of unfold(value)) guard.push(event)
        guard.end()
      }),
    )
  })

  it('says all text in deltas and none in part-start', () => {
    fc.assert(
      fc.property(response, (value) => {
        const texts = unfold(value).flatMap((event) =>
          event.type === 'part-delta' && 'text' in event.delta ? [event.delta.text] : [],
        )
        const expected = [value, ...(value.alternatives ?? [])].flatMap(({ parts }) =>
          parts.flatMap((part) => {
            if (part.type === 'reasoning') return part.segments.map(({ text }) => text)
            if (part.type === 'tool_call' || part.type === 'server_tool_call') return [part.arguments]
            return part.type === 'text' || part.type === 'refusal' || part.type === 'compaction'
              ? [part.text ?? '']
              : []
          }),
        )
        expect(texts.join('|').replaceAll('|', '')).toBe(expected.join('|').replaceAll('|', ''))
      }),
    )
  })
})

describe('accumulate', () => {
  const text = { type: 'text' as const, text: '' }

  it('appends text, arguments and segments of reasoning, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.tuple(fc.nat(2), fc.string())), (pieces, thoughts) => {
        const events: GatewayEvent[] = [
          { type: 'start' },
          { type: 'part-start', index: 0, part: { type: 'reasoning', segments: [] } },
          ...thoughts.map(([segment, piece]): GatewayEvent => ({
            type: 'part-delta',
            index: 0,
            delta: { type: 'reasoning', segment, kind: 'summary', text: piece },
          })),
          { type: 'part-start', index: 1, part: text },
          ...pieces.map((piece): GatewayEvent => ({
            type: 'part-delta',
            index: 1,
            delta: { type: 'text', text: piece },
          })),
        ]
        const segments = [0, 1, 2].flatMap((number) => {
          const own = thoughts.filter(([segment]) => segment === number)
          return own.length === 0 ? [] : [{ kind: 'summary', text: own.map(([, piece]) => piece).join('') }]
        })
        expect(fold(events).parts).toEqual([
          { type: 'reasoning', segments },
          { type: 'text', text: pieces.join('') },
        ])
      }),
    )
  })

  it('lets the final part win, and late citations join it', () => {
    const citation = { kind: 'url' as const, native: { protocol: 'g', value: {} } }
    expect(
      fold([
        { type: 'start' },
        { type: 'part-start', index: 0, part: text },
        { type: 'part-delta', index: 0, delta: { type: 'text', text: 'draft' } },
        { type: 'part-end', index: 0, part: { type: 'text', text: 'final', id: 'm1' } },
        { type: 'part-delta', index: 0, delta: { type: 'citation', citation } },
      ]).parts,
    ).toEqual([{ type: 'text', text: 'final', id: 'm1', citations: [citation] }])
  })

  it('replaces custody, usage and finish, and merges extra key by key', () => {
    const folded = fold([
      { type: 'start', extra: { chat: { a: 1, b: 1 } } },
      { type: 'part-start', index: 0, part: { ...text, custody: { protocol: 'g', format: 's', blob: '1' } } },
      {
        type: 'part-delta',
        index: 0,
        delta: { type: 'custody', custody: { protocol: 'g', format: 's', blob: '2' } },
      },
      { type: 'part-delta', index: 0, delta: { type: 'text', text: 'x', extra: { chat: { n: 1 } } } },
      { type: 'part-end', index: 0 },
      { type: 'usage', usage: { tokens: { input: 1 }, source: 'upstream', final: false } },
      { type: 'usage', usage: { tokens: { output: 2 }, source: 'upstream', final: true } },
      { type: 'finish', finish: { reason: 'stop' }, extra: { chat: { c: 1 } } },
      { type: 'end', extra: { chat: { b: 2 } } },
    ])
    expect(folded).toEqual({
      parts: [
        {
          type: 'text',
          text: 'x',
          custody: { protocol: 'g', format: 's', blob: '2' },
          extra: { chat: { n: 1 } },
        },
      ],
      usage: { tokens: { output: 2 }, source: 'upstream', final: true },
      finish: { reason: 'stop' },
      choiceExtra: { chat: { c: 1 } },
      extra: { chat: { a: 1, b: 2 } },
    })
  })

  it('begins anew after restart', () => {
    const folded = fold([
      { type: 'start', id: 'first' },
      { type: 'part-start', index: 0, part: text },
      { type: 'part-delta', index: 0, delta: { type: 'text', text: 'lost' } },
      { type: 'restart' },
      { type: 'start', model: 'm' },
      { type: 'part-start', index: 0, part: text },
      { type: 'part-delta', index: 0, delta: { type: 'text', text: 'kept' } },
    ])
    expect(folded).toEqual({ model: 'm', parts: [{ type: 'text', text: 'kept' }] })
  })

  it('may be read while events still come', () => {
    const accumulator = accumulate()
    accumulator.push({ type: 'start' })
    accumulator.push({ type: 'part-start', index: 0, part: text })
    accumulator.push({ type: 'part-delta', index: 0, delta: { type: 'text', text: 'a' } })
    expect(accumulator.response().parts).toEqual([{ type: 'text', text: 'a' }])
    accumulator.push({ type: 'part-delta', index: 0, delta: { type: 'text', text: 'b' } })
    expect(accumulator.response().parts).toEqual([{ type: 'text', text: 'ab' }])
  })

  it('keeps the place of choices, and is not filled by a made-up number', () => {
    const of = (choice: number): GatewayEvent => ({ type: 'finish', finish: { reason: 'stop' }, choice })
    expect(fold([{ type: 'start' }, of(2)]).alternatives).toEqual([
      { parts: [] },
      { parts: [], finish: { reason: 'stop' } },
    ])
    expect(fold([{ type: 'start' }, of(2_000_000_000)]).alternatives).toHaveLength(1)
  })

  it('takes a million deltas in time', () => {
    const accumulator = accumulate()
    accumulator.push({ type: 'part-start', index: 0, part: text })
    const started = performance.now()
    for (let count = 0; count < 1_000_000; count++) {
      accumulator.push({ type: 'part-delta', index: 0, delta: { type: 'text', text: 'word ' } })
    }
    const [part] = accumulator.response().parts
    expect(part?.type === 'text' && part.text.length).toBe(5_000_000)
    expect(performance.now() - started).toBeLessThan(3_000)
  })
})
