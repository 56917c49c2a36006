/** An exact decimal: `digits` × 10^-`decimals`. */
export interface Exact {
  readonly digits: bigint
  readonly decimals: number
}

/** A price of a price line: pico-units times ratios in parts per million, exact. */
export interface LinePrice {
  readonly unitPrice: bigint
  readonly ratios: readonly bigint[]
}

const pattern = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/

/**
 * Reads a number of new-api as it is printed: `0.625`, `"1e-05"`. new-api computes with such floats; ours goes on from
 * their decimal digits. Throws `RangeError` for what is no number, negative or beyond reason, readable as it is.
 */
export function readExact(value: unknown): Exact {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') throw new RangeError('is not a number.')
  const shown = text.slice(0, 40)
  if (text.startsWith('-')) throw new RangeError(`"${shown}" is negative.`)
  const [, whole = '', fraction = '', exponent = '0'] = pattern.exec(text) ?? []
  if (whole === '' || text.length > 40) throw new RangeError(`"${shown}" is not a number.`)
  const decimals = fraction.length - Number(exponent)
  const digits = BigInt(whole + fraction)
  if (
    Math.abs(decimals) > 40 ||
    whole.length > 12 ||
    digits * 10n ** BigInt(Math.max(0, -decimals)) > largest
  ) {
    throw new RangeError(`"${shown}" is beyond what a ratio or price can be.`)
  }
  return decimals < 0 ? { digits: digits * 10n ** BigInt(-decimals), decimals: 0 } : { digits, decimals }
}

/** The exact product. */
export function times(...factors: readonly Exact[]): Exact {
  let digits = 1n
  let decimals = 0
  for (const factor of factors) {
    digits *= factor.digits
    decimals += factor.decimals
  }
  return { digits, decimals }
}

/**
 * A number of pico-units as a price line carries it. What is finer than one pico-unit goes into ratios of one part per
 * million, so that nothing is rounded before the end of the bill.
 */
export function linePrice(value: Exact, pico: bigint): LinePrice {
  let unitPrice = value.digits * pico
  let decimals = value.decimals
  while (decimals > 0 && unitPrice % 10n === 0n) {
    unitPrice /= 10n
    decimals--
  }
  const ratios: bigint[] = []
  for (; decimals > 0; decimals -= 6) ratios.push(1n)
  return { unitPrice: unitPrice * 10n ** BigInt(-decimals), ratios }
}

const largest = 10n ** 40n
