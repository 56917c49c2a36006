import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countPages } from './count-pages.ts'

const pagesOf = (text: string): number => countPages(Buffer.from(text, 'latin1').toString('base64')).count

it('counts page objects, not their tree', () => {
  expect(pagesOf('1 0 obj <</Type /Pages /Kids [] /Count 2>> <</Type/Page>> <</Type   /Page\n>>')).toBe(2)
})

it('believes the tree where pages are compressed, and the size where nothing can be read', () => {
  expect(pagesOf('<</Type /Pages /Count 12>> <</Type /Pages /Count 5>>')).toBe(12)
  expect(pagesOf('no pdf at all')).toBe(1)
  expect(pagesOf('x'.repeat(250_000))).toBe(3)
  expect(pagesOf('')).toBe(1)
})

it('believes nobody more than a thousand', () => {
  expect(pagesOf('/Count 999999')).toBe(1000)
  expect(pagesOf('/Type/Page '.repeat(2000))).toBe(1000)
})

it('reads anything to its end', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2000 }), (base64) => {
      const { count, read } = countPages(base64)
      expect(read).toBe(base64.length)
      expect(count).toBeGreaterThanOrEqual(1)
    }),
  )
})
