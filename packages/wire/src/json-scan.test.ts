import { describe, expect, it } from 'vitest'
import { skipString } from './json-scan.ts'

describe('skipString', () => {
  it('finds the end of a string wherever its escapes lie', () => {
    for (let before = 0; before < 100; before++) {
      for (const escape of ['', '\\"', '\\\\', '\\\\\\"', '\\"\\"\\"', `\\"${'y'.repeat(40)}\\\\`]) {
        const text = `"${'x'.repeat(before)}${escape}"`
        const bytes = new TextEncoder().encode(`${text},"next"`)
        expect(skipString(bytes, 0), text).toBe(text.length)
      }
    }
  })

  it('refuses a string without an end, also where the last quote is escaped', () => {
    for (const text of ['"', `"${'x'.repeat(70)}`, `"${'x'.repeat(70)}\\"`, '"\\']) {
      expect(() => skipString(new TextEncoder().encode(text), 0), text).toThrow('not valid JSON')
    }
  })
})
