import fc from 'fast-check'
import { expect, it } from 'vitest'
import { totalOf, withinBytes } from './estimate.ts'
import type { Piece } from './weigh.ts'

const text = (said: string, weight = 1): Piece => ({ kind: 'text', text: said, weight })
const pdf = (said: string, weight = 1): Piece => ({ kind: 'pdf', text: said, weight })

it('weighs what was counted, and adds what was known', () => {
  expect(
    totalOf({ pieces: [text('aaaa', 1.5), pdf('xx', 100)], fixed: 7 }, [
      { count: 4, read: 4 },
      { count: 3, read: 2 },
    ]),
  ).toBe(7 + 6 + 300)
  expect(totalOf({ pieces: [], fixed: 7.4 }, [])).toBe(7)
})

it('takes the rest by its bytes, as those that were counted', () => {
  const half = [text('a'.repeat(100)), text('b'.repeat(100), 2)]
  expect(totalOf({ pieces: half, fixed: 0 }, [{ count: 50, read: 100 }])).toBe(50 + 100)
  expect(totalOf({ pieces: [text('a'.repeat(100))], fixed: 0 }, [{ count: 10, read: 20 }])).toBe(50)
  // Three bytes a character.
  expect(
    totalOf({ pieces: [text('a'.repeat(30)), text('中'.repeat(10))], fixed: 0 }, [{ count: 15, read: 30 }]),
  ).toBe(30)
})

it('takes four bytes for a token and 100 KB for a page where nothing was counted', () => {
  expect(totalOf({ pieces: [text('a'.repeat(400))], fixed: 1 }, [])).toBe(101)
  expect(totalOf({ pieces: [pdf('x'.repeat(400_000), 10)], fixed: 0 }, [])).toBe(30)
  expect(totalOf({ pieces: [pdf('x', 10)], fixed: 0 }, [])).toBe(10)
})

it('sends the worker no more bytes than it may, in order', () => {
  const pieces = [text('a'.repeat(60)), pdf('p'.repeat(500)), text('中'.repeat(20)), text('later')]
  expect(withinBytes(pieces, 90)).toEqual([
    { kind: 'text', text: 'a'.repeat(60) },
    { kind: 'pdf', text: 'p'.repeat(500) },
    { kind: 'text', text: '中'.repeat(10) },
  ])
  expect(withinBytes(pieces, 60)).toHaveLength(2)
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 50 }), { maxLength: 8 }),
      fc.nat(500),
      (texts, most) => {
        const sent = withinBytes(
          texts.map((one) => text(one)),
          most,
        )
        const bytes = sent.reduce((sum, one) => sum + Buffer.byteLength(one.text), 0)
        // A cut by characters can be a few bytes off where they differ in size.
        expect(bytes).toBeLessThanOrEqual(most + 100)
        for (const [index, one] of sent.entries()) expect(texts[index]!.startsWith(one.text)).toBe(true)
      },
    ),
  )
})

it('is a count for any request and however much was counted', () => {
  const piece = fc.record({
    kind: fc.constantFrom('text' as const, 'pdf' as const),
    text: fc.string({ minLength: 1 }),
    weight: fc.double({ min: 0, max: 100, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(piece), fc.nat(20), fc.nat(), (pieces, done, fixed) => {
      const counts = pieces.slice(0, done).map((one) => ({ count: 1, read: one.text.length }))
      const total = totalOf({ pieces, fixed }, counts)
      expect(Number.isSafeInteger(total) && total >= 0).toBe(true)
    }),
  )
})
