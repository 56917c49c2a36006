import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileGlob, compileGlobs } from './glob.ts'

/** The textbook definition, exponential and obviously right. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '') return name === ''
  if (pattern[0] !== '*')
    return pattern[0] === name[0] && name !== '' && matches(pattern.slice(1), name.slice(1))
  return matches(pattern.slice(1), name) || (name !== '' && matches(pattern, name.slice(1)))
}

describe('compileGlob', () => {
  test.each([
    ['*', '', true],
    ['*', 'a/b', true],
    ['gpt-*', 'gpt-5.5', true],
    ['gpt-*', 'xgpt-5.5', false],
    ['*-mini', 'gpt-5.4-mini', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ab', 'ab', false],
    ['gpt.5', 'gpt-5', false],
    ['[a]', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])('%j on %j is %j', (pattern, name, expected) => {
    expect(compileGlob(pattern)(name)).toBe(expected)
  })

  test('agrees with the definition', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
    fc.assert(
      fc.property(letters, name, (pattern, text) => compileGlob(pattern)(text) === matches(pattern, text)),
      { numRuns: 3000 },
    )
  })

  test('ten times the name takes about ten times the time, also where a backtracking matcher would hang', () => {
    const glob = compileGlob(`${'*a'.repeat(100)}*${'a'.repeat(200)}b*`)
    const time = (length: number): number => {
      const name = 'a'.repeat(length)
      const begin = performance.now()
      for (let round = 0; round < 20; round++) expect(glob(name)).toBe(false)
      return performance.now() - begin
    }
    time(65_536)
    expect(time(655_360) / time(65_536)).toBeLessThan(40)
  })
})

describe('compileGlobs', () => {
  test('matches when one pattern does', () => {
    const allows = compileGlobs(['deepseek-*', 'gpt-5.5'])
    expect(['deepseek-chat', 'gpt-5.5', 'gpt-5.5-pro', ''].map(allows)).toEqual([true, true, false, false])
  })

  test('no pattern allows nothing', () => {
    expect(compileGlobs([])('a')).toBe(false)
  })

  test('10,000 patterns over a 64 KB name take no time', () => {
    const allows = compileGlobs(Array.from({ length: 10_000 }, (_, index) => `*x${index}*y*`))
    const begin = performance.now()
    expect(allows('a'.repeat(65_536))).toBe(false)
    expect(performance.now() - begin).toBeLessThan(2000)
  })
})
