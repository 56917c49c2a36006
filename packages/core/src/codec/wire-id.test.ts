import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wireId } from './wire-id.ts'

const anthropic = /^[a-zA-Z0-9_-]+$/

describe('wireId', () => {
  it('leaves an id that fits alone', () => {
    expect(wireId('toolu_01A-b', anthropic, 64)).toBe('toolu_01A-b')
  })

  it.each([
    ['functions.Bash:0', anthropic, 64],
    ['', anthropic, 64],
    ['call_'.repeat(40), anthropic, 64],
    ['é'.repeat(10), anthropic, 40],
    ['functions.Bash:0', /^[a-zA-Z0-9]{9}$/, 9],
    ['.', /^[a-z][a-z0-9]*$/, 12],
    ['a b', /^[a-zA-Z0-9_-]+$/g, 64],
  ])('makes an id that fits out of %s', (id, fits, max) => {
    const made = wireId(id, fits, max)
    expect(made.length).toBeLessThanOrEqual(max)
    expect(new RegExp(fits.source).test(made)).toBe(true)
    expect(wireId(id, fits, max)).toBe(made)
  })

  it('keeps the readable beginning', () => {
    expect(wireId('functions.Bash:0', anthropic, 64)).toMatch(/^functions_Bash_0_[a-z0-9]{20}$/)
  })

  it('is stable across versions, so that histories stay paired', () => {
    expect(wireId('functions.Bash:0', anthropic, 64)).toBe('functions_Bash_0_nciqbxadqjdivo8jwy2a')
  })

  it('is injective and fits, for every pair of ids', () => {
    const ids = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.stringMatching(/^[a-c.:]{1,4}$/),
      fc.constantFrom('a.b', 'a:b', 'a_b', '\ud800', '\ud801'),
    )
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        expect(wireId(left, anthropic, 40) === wireId(right, anthropic, 40)).toBe(left === right)
        expect(wireId(left, anthropic, 40)).toMatch(/^[a-zA-Z0-9_-]{1,40}$/)
      }),
      { numRuns: 2_000 },
    )
  })

  it('says when nothing can fit', () => {
    expect(() => wireId('x', /^#$/, 8)).toThrow(RangeError)
  })
})
