import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAmount, maxAmount, parseAmount, parseRatio, parseTokenPrice, parseUnitPrice } from './units.ts'

describe('units', () => {
  it('reads each unit at its own scale', () => {
    expect(parseAmount('12.5')).toBe(12_500_000_000n)
    expect(parseAmount('-0.000000001')).toBe(-1n)
    expect(parseTokenPrice('0.15')).toBe(150_000n)
    expect(parseTokenPrice('0.000001')).toBe(1n)
    expect(parseUnitPrice('0.04')).toBe(40_000_000_000n)
    expect(parseRatio('0.8')).toBe(800_000n)
    expect(parseRatio(1.25)).toBe(1_250_000n)
    expect(parseRatio(0.000001)).toBe(1n)
  })

  it.each([
    ['seven decimals', () => parseTokenPrice('0.1234567'), /"0\.1234567" has 7 decimals; .* at most 6/],
    ['thirteen decimals', () => parseUnitPrice('0.0000000000001'), /13 decimals; .* at most 12/],
    ['ten decimals', () => parseAmount('0.0000000001'), /10 decimals; an amount has at most 9/],
    ['a negative price', () => parseTokenPrice('-1'), /"-1" is negative/],
    ['a negative ratio', () => parseRatio(-0.5), /negative/],
    ['an exponent', () => parseTokenPrice('1e-7'), /exponent/],
    ['not a number', () => parseTokenPrice('NaN'), /"NaN" is not a plain decimal/],
    ['an empty string', () => parseTokenPrice(''), /not a plain decimal/],
    ['a bare point', () => parseTokenPrice('.5'), /not a plain decimal/],
    ['a comma', () => parseAmount('1,5'), /not a plain decimal/],
    ['Infinity as a ratio', () => parseRatio(Infinity), /not a plain decimal/],
    ['NaN as a ratio', () => parseRatio(NaN), /not a plain decimal/],
    ['a ratio that is not exact', () => parseRatio(0.1 + 0.2), /17 decimals; a ratio has at most 6/],
    ['a very small ratio', () => parseRatio(1e-7), /exponent/],
    ['more than 64 bits', () => parseAmount('9223372036.854775808'), /too large/],
    ['a very long text', () => parseAmount('1'.repeat(5000)), /too long/],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(message)
    expect(read).toThrow(RangeError)
  })

  it('refuses a price that is not a string', () => {
    const wrong: unknown[] = [0.15, null, undefined, {}, [], 1n]
    for (const value of wrong) expect(() => parseTokenPrice(value as string)).toThrow(TypeError)
    expect(() => parseTokenPrice(wrong[0] as string)).toThrow('not the number 0.15')
  })

  it('law: an amount survives writing and reading', () => {
    fc.assert(
      fc.property(fc.bigInt(-maxAmount, maxAmount), (nano) => {
        expect(parseAmount(formatAmount(nano))).toBe(nano)
      }),
    )
  })

  it('writes the shortest form', () => {
    expect(formatAmount(1_500_000_000n)).toBe('1.5')
    expect(formatAmount(-1n)).toBe('-0.000000001')
    expect(formatAmount(0n)).toBe('0')
    expect(formatAmount(100_000_000_000n)).toBe('100')
  })
})
