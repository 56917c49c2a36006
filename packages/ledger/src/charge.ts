import type { PriceLine } from '@gantry/core'
import { maxAmount, ppmOne } from './units.ts'

const picoPerNano = 1000n

/**
 * What price lines cost together, in nano-units: the exact sum of quantity × unit price × ratios, rounded up once.
 * So it is never below the exact cost and less than one nano-unit above it. No lines cost 0.
 * Throws `RangeError` when the lines are of several assets (see `linesByAsset`) or the sum leaves the signed 64 bits.
 */
export function chargeOf(lines: readonly PriceLine[]): bigint {
  const depth = depthOf(lines)
  let sum = 0n
  for (const line of lines) {
    if (line.asset !== lines[0]?.asset) {
      throw new RangeError(`price lines of ${lines[0]?.asset} and ${line.asset} cannot be added`)
    }
    sum += exactOf(line, depth)
  }
  return roundUp(sum, depth)
}

/** The most ratios that one of the lines has: all are counted in its denominator, so nothing is rounded before the end. */
export function depthOf(lines: readonly PriceLine[]): number {
  let depth = 0
  for (const { ratios } of lines) if (ratios.length > depth) depth = ratios.length
  return depth
}

/** What one line costs, exact: pico-units with six more digits for each of `depth` ratios. */
export function exactOf(line: PriceLine, depth: number): bigint {
  let exact = line.quantity * line.unitPrice
  for (const ratio of line.ratios) exact *= ratio
  for (let missing = depth - line.ratios.length; missing > 0; missing--) exact *= ppmOne
  return exact
}

/** An exact sum in nano-units, rounded up. Throws `RangeError` when it leaves the signed 64 bits. */
export function roundUp(exact: bigint, depth: number): bigint {
  let unit = picoPerNano
  for (let ratio = 0; ratio < depth; ratio++) unit *= ppmOne
  const charge = ceilDivide(exact, unit)
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
