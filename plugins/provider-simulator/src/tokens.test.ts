import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pieces, promptTokens } from './tokens.ts'

describe('pieces', () => {
  it('is a word with the space before it, long words in parts', () => {
    expect(pieces('Hello there, wonderful\nworld ')).toEqual([
      'Hello',
      ' there,',
      ' wonderfu',
      'l',
      '\nworld',
      ' ',
    ])
  })

  it('loses nothing and never splits a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cut = pieces(text)
        expect(cut.join('')).toBe(text)
        expect(cut.every((piece) => piece.length > 0 && piece.length <= 48)).toBe(true)
        expect(cut.every((piece) => piece.isWellFormed())).toBe(text.isWellFormed())
      }),
    )
  })

  it('takes linear time on long runs of anything', () => {
    for (const unit of [' ', 'x', '𝄞', ' x']) {
      const time = (count: number): number => {
        const text = unit.repeat(count)
        const started = performance.now()
        pieces(text)
        return performance.now() - started
      }
      time(50_000)
      expect(time(500_000)).toBeLessThan(Math.max(time(50_000), 5) * 40)
    }
  })
})

describe('promptTokens', () => {
  it('is a quarter of the bytes, rounded up', () => {
    expect([promptTokens(''), promptTokens('abc'), promptTokens('abcde'), promptTokens('ééé')]).toEqual([
      0, 1, 2, 2,
    ])
  })
})
