import type { PriceLine } from '@gantry/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chargeOf, linesByAsset } from './charge.ts'
import { parseRatio, parseTokenPrice } from './units.ts'

describe('chargeOf', () => {
  it('equals a bill made by hand', () => {
    // 1 000 tokens at 1.25 and 333 at 10 per million, ratio 0.8:
    // (0.00125 + 0.00333) * 0.8 = 0.003664 exactly.
    const lines = [line(1000n, '1.25', ['0.8']), line(333n, '10', ['0.8'])]
    expect(chargeOf(lines)).toBe(3_664_000n)
  })

  it('rounds up once, not by line', () => {
    // A third of a nano each: one nano together, three if every line were rounded.
    const third = line(1n, '0.000333', [])
    expect(chargeOf([third, third, third])).toBe(1n)
    expect(chargeOf([third, third, third, third])).toBe(2n)
  })

  it('brings lines with different numbers of ratios together', () => {
    expect(
      chargeOf([line(1000n, '1', []), line(1000n, '1', ['0.5']), line(1000n, '1', ['0.5', '0.5'])]),
    ).toBe(1_750_000n)
  })

  it('costs nothing without lines and for explicit zeros', () => {
    expect(chargeOf([])).toBe(0n)
    expect(chargeOf([line(5n, '0', []), line(0n, '10', [])])).toBe(0n)
  })

  it('refuses to add assets and to leave 64 bits', () => {
    const other = { ...line(1n, '1', []), asset: 'cny' }
    expect(() => chargeOf([line(1n, '1', []), other])).toThrow('usd and cny')
    expect(() => chargeOf([line(10n ** 30n, '1', [])])).toThrow('too large')
    expect(
      [...linesByAsset([line(1n, '1', []), other, other])].map(([asset, part]) => [asset, part.length]),
    ).toEqual([
      ['usd', 1],
      ['cny', 2],
    ])
  })

  it('law F01: never below the exact cost, and less than one nano above it', () => {
    fc.assert(
      fc.property(fc.array(arbitraryLine, { maxLength: 12 }), (parts) => {
        const charge = chargeOf(parts.map((part) => line(part.quantity, part.price, part.ratios)))
        const exact = exactNano(parts)
        const difference = subtract({ top: charge, bottom: 1n }, exact)
        expect(difference.top >= 0n).toBe(true)
        expect(difference.top < difference.bottom).toBe(true)
      }),
      { numRuns: 10_000 },
    )
  })

  it('law: the order of lines and of ratios does not matter', () => {
    fc.assert(
      fc.property(fc.array(arbitraryLine, { maxLength: 6 }), (parts) => {
        const forward = parts.map((part) => line(part.quantity, part.price, part.ratios))
        const back = parts
          .map((part) => line(part.quantity, part.price, part.ratios.toReversed()))
          .toReversed()
        expect(chargeOf(back)).toBe(chargeOf(forward))
      }),
    )
  })
})

interface Part {
  quantity: bigint
  price: string
  ratios: string[]
}

/** A decimal as text, so that the oracle reads the same words the user wrote and not our own integers. */
const decimal = (whole: number, decimals: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(whole), fc.stringMatching(new RegExp(`^[0-9]{0,${decimals}}$`)))
    .map(([left, right]) => (right === '' ? String(left) : `${left}.${right}`))

const arbitraryLine: fc.Arbitrary<Part> = fc.record({
  quantity: fc.bigInt(0n, 10_000_000n),
  price: decimal(200, 6),
  ratios: fc.array(decimal(4, 6), { maxLength: 3 }),
})

interface Rational {
  top: bigint
  bottom: bigint
}

function exactNano(parts: readonly Part[]): Rational {
  let sum: Rational = { top: 0n, bottom: 1n }
  for (const part of parts) {
    let cost: Rational = multiply({ top: part.quantity, bottom: 1_000_000n }, rational(part.price))
    for (const ratio of part.ratios) cost = multiply(cost, rational(ratio))
    sum = { top: sum.top * cost.bottom + cost.top * sum.bottom, bottom: sum.bottom * cost.bottom }
  }
  return multiply(sum, { top: 10n ** 9n, bottom: 1n })
}

function rational(text: string): Rational {
  const [whole = '', fraction = ''] = text.split('.')
  return { top: BigInt(whole + fraction), bottom: 10n ** BigInt(fraction.length) }
}

function multiply(a: Rational, b: Rational): Rational {
  return { top: a.top * b.top, bottom: a.bottom * b.bottom }
}

function subtract(a: Rational, b: Rational): Rational {
  return { top: a.top * b.bottom - b.top * a.bottom, bottom: a.bottom * b.bottom }
}

function line(quantity: bigint, price: string, ratios: readonly string[]): PriceLine {
  return {
    rule: 'test',
    item: 'input',
    quantity,
    unitPrice: parseTokenPrice(price),
    ratios: ratios.map(parseRatio),
    asset: 'usd',
  }
}
