import type { Decimal } from '@gantry/core'
import { formatDecimal, maxInt64, parseDecimal } from './decimal.ts'

/** Largest amount a wallet, hold or entry can have, in nano-units (signed 64 bit). */
export const maxAmount: bigint = maxInt64

/** One ratio of 1, in parts per million. */
export const ppmOne: bigint = 1_000_000n

/**
 * Reads an amount of an asset: `"12.5"` is 12 500 000 000 nano-units. At most 9 decimals, may be negative.
 * Throws `TypeError` or `RangeError` with a message a user can read.
 */
export function parseAmount(text: string): bigint {
  return parseDecimal(text, { what: 'an amount', decimals: 9, negative: true })
}

/** Writes nano-units as the shortest decimal string: `1_500_000_000n` is `"1.5"`. The inverse of `parseAmount`. */
export function formatAmount(nano: bigint): string {
  return formatDecimal(nano, 9)
}

/**
 * Reads a price per million tokens: `"0.15"` is 150 000 pico-units a token. At most 6 decimals, never negative.
 * Throws `TypeError` or `RangeError` with a message a user can read.
 */
export function parseTokenPrice(perMillion: string): bigint {
  return parseDecimal(perMillion, { what: 'a price per million tokens', decimals: 6 })
}

/**
 * Reads a price per unit (call, image, second) in pico-units. At most 12 decimals, never negative.
 * Throws `TypeError` or `RangeError` with a message a user can read.
 */
export function parseUnitPrice(perUnit: string): bigint {
  return parseDecimal(perUnit, { what: 'a price per unit', decimals: 12 })
}

/**
 * Reads a ratio in parts per million: `0.8` and `"0.8"` are 800 000. A number counts as it is printed, so `0.1 + 0.2`
 * (17 decimals) is refused. Throws `TypeError` or `RangeError` with a message a user can read.
 */
export function parseRatio(ratio: Decimal): bigint {
  const text: unknown = typeof ratio === 'number' ? String(ratio) : ratio
  return parseDecimal(text, { what: 'a ratio', decimals: 6 })
}
