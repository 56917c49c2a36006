import type { PriceLine } from '@gantry/core'
import { maxAmount, ppmOne } from './units.ts'

const picoPerNano = 1000n

/**
 * What price lines cost together, in nano-units: the exact sum of quantity × unit price × ratios, rounded up once.
 * So it is never below the exact cost and less than one nano-unit above it. No lines cost 0.
 * Throws `RangeError` when the lines are of several assets (see `linesByAsset`) or the sum leaves the signed 64 bits.
 */
export function chargeOf(lines: readonly PriceLine[]): bigint {
  let depth = 0
  for (const line of lines) {
    if (line.asset !== lines[0]?.asset) {
      throw new RangeError(`price lines of ${lines[0]?.asset} and ${line.asset} cannot be added`)
    }
    if (line.ratios.length > depth) depth = line.ratios.length
  }
  // All lines are brought to the denominator of the one with the most ratios, so nothing is rounded before the end.
  let sum = 0n
  for (const line of lines) {
    let exact = line.quantity * line.unitPrice
    for (const ratio of line.ratios) exact *= ratio
    for (let missing = depth - line.ratios.length; missing > 0; missing--) exact *= ppmOne
    sum += exact
  }
  let unit = picoPerNano
  for (let ratio = 0; ratio < depth; ratio++) unit *= ppmOne
  const charge = ceilDivide(sum, unit)
  if (charge > maxAmount || charge < -maxAmount) throw new RangeError('a charge is too large for the ledger')
  return charge
}

/** Splits price lines by asset, in order of first appearance, so that each part can be charged to its own wallet. */
export function linesByAsset(lines: readonly PriceLine[]): ReadonlyMap<string, readonly PriceLine[]> {
  const parts = new Map<string, PriceLine[]>()
  for (const line of lines) {
    const part = parts.get(line.asset)
    if (part) part.push(line)
    else parts.set(line.asset, [line])
  }
  return parts
}

function ceilDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value > 0n && value % by !== 0n ? quotient + 1n : quotient
}
