import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Loss } from '../model/index.ts'
import { lossHeader } from './answer.ts'

const loss = (pointer: string): Loss => ({ pointer, what: 'sampling.seed', how: 'dropped', target: 'x' })

it('lists how, what and where', () => {
  expect(lossHeader([loss('/seed'), { ...loss('/n'), how: 'lowered' }])).toBe(
    'dropped sampling.seed /seed, lowered sampling.seed /n',
  )
})

it('stays within 1 KB and is a valid header value, whatever the pointers are', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 60 }), (pointers) => {
      const value = lossHeader(pointers.map(loss))
      expect(value.length).toBeLessThanOrEqual(1024)
      expect(value).toMatch(/^[\x20-\x7e]*$/)
      if (pointers.length > 0) expect(value).not.toBe('')
    }),
  )
})
