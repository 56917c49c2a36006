import { expect, it } from 'vitest'
import { median, percentile } from './statistics.ts'

it('the median is the middle, or the mean of the two in the middle', () => {
  expect(median([5])).toBe(5)
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(() => median([])).toThrow(RangeError)
})

it('one wild value among others does not move the median out of them', () => {
  expect(median([10, 11, 12, 1e9])).toBe(11.5)
  expect(median([1e9, 10, 11, 12, 0])).toBe(11)
})

it('a percentile is the smallest value that so many do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, index) => index + 1)
  expect(percentile(values, 0.5)).toBe(100)
  expect(percentile(values, 0.99)).toBe(198)
  expect(percentile(values, 1)).toBe(200)
  expect(percentile([7], 0.99)).toBe(7)
  expect(() => percentile([], 0.5)).toThrow(RangeError)
})
