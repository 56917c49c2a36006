/** Largest value of a signed 64-bit integer: what every store can keep. */
export const maxInt64: bigint = 2n ** 63n - 1n

/** How one kind of number may be written. */
export interface DecimalRule {
  /** For messages, with its article: `a price per million tokens`. */
  readonly what: string
  /** Decimals at most; the result is the number times ten to this power. */
  readonly decimals: number
  readonly negative?: boolean
}

const plain = /^(-?)(\d+)(?:\.(\d+))?$/
const exponent = /^-?\d+(?:\.\d+)?e[+-]?\d+$/i

/**
 * Reads a plain decimal exactly, as an integer of its smallest unit.
 * Throws `TypeError` for anything but a string, `RangeError` for a string that breaks the rule; both readable as they are.
 */
export function parseDecimal(text: unknown, rule: DecimalRule): bigint {
  if (typeof text !== 'string') {
    throw new TypeError(`${rule.what} must be a decimal string like "0.15", not ${nameOf(text)}.`)
  }
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  if (text.length > 40) throw new RangeError(`"${shown}" is too long for ${rule.what}.`)
  const match = plain.exec(text)
  if (!match) {
    throw new RangeError(
      exponent.test(text)
        ? `"${shown}" has an exponent; write ${rule.what} out, like "0.0005".`
        : `"${shown}" is not a plain decimal number like "0.15".`,
    )
  }
  const [, sign = '', whole = '', fraction = ''] = match
  if (sign && !rule.negative) throw new RangeError(`"${shown}" is negative; ${rule.what} cannot be.`)
  if (fraction.length > rule.decimals) {
    throw new RangeError(
      `"${shown}" has ${fraction.length} decimals; ${rule.what} has at most ${rule.decimals}.`,
    )
  }
  const value = BigInt(whole + fraction.padEnd(rule.decimals, '0'))
  if (value > maxInt64) throw new RangeError(`"${shown}" is too large for ${rule.what}.`)
  return sign ? -value : value
}

/** The shortest plain decimal of an integer of `10^-decimals`. */
export function formatDecimal(value: bigint, decimals: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  const whole = digits.slice(0, digits.length - decimals)
  return `${value < 0n ? '-' : ''}${whole}${fraction && '.'}${fraction}`
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return `the number ${value}`
  if (value === undefined) return 'nothing'
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}
