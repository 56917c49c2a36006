import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { didYouMean, nearest } from './nearest.ts'

describe('nearest', () => {
  test.each([
    ['opneai', ['anthropic', 'openai'], 'openai'],
    ['OpenAI', ['openai', 'opena'], 'openai'],
    ['anthropc', ['openai', 'anthropic'], 'anthropic'],
    ['gpt-5', ['gpt-5.5', 'gpt-4'], 'gpt-4'],
    ['mistral', ['openai', 'anthropic'], undefined],
    ['a', ['b'], 'b'],
    ['', ['a'], undefined],
    ['x', [], undefined],
  ])('%j among %j is %j', (name, candidates, expected) => {
    expect(nearest(name, candidates)).toBe(expected)
  })

  test('finds a name behind one typing slip', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abcdefghij'), minLength: 3, maxLength: 20 })
    fc.assert(
      fc.property(name, fc.nat(), fc.constantFrom('drop', 'swap', 'add'), (right, seed, slip) => {
        const at = seed % (right.length - 1)
        const [one = '', two = ''] = right.slice(at, at + 2)
        const middle = { drop: two, swap: two + one, add: `${one}z${two}` }[slip]
        const wrong = right.slice(0, at) + middle + right.slice(at + 2)
        return nearest(wrong, [right]) === right
      }),
    )
  })

  test('never hangs on hostile lengths', () => {
    const long = 'a'.repeat(100_000)
    expect(nearest(long, [long])).toBeUndefined()
    expect(nearest('a', [long, 'b'])).toBe('b')
  })
})

describe('didYouMean', () => {
  test('names the near one, else what there is', () => {
    expect(didYouMean('opena', ['openai'])).toBe('Did you mean "openai"?')
    expect(didYouMean('zzz', ['openai', 'anthropic'])).toBe('Known: "openai", "anthropic".')
    expect(didYouMean('zzz', [])).toBe('There are none.')
    const many = Array.from({ length: 20 }, (_, index) => `provider-${index}`)
    expect(didYouMean('zzz', many)).toContain('and 12 more')
  })
})
