import type { PriceLine } from '@gantry/core'

/**
 * What price lines come to, in each asset, as an exact decimal: quantity × unit price × ratios, summed, then rounded
 * once, up, to nine decimals. Written for tests without the ledger, so that the two can be compared.
 */
export function totalOf(lines: readonly PriceLine[]): { readonly [asset: string]: string } {
  const totals = new Map<string, Fraction>()
  for (const { asset, quantity, unitPrice, ratios } of lines) {
    // Ratios are parts per million, prices pico-units.
    const line = {
      over: ratios.reduce((product, ratio) => product * ratio, quantity * unitPrice),
      under: 10n ** 12n * 10n ** (6n * BigInt(ratios.length)),
    }
    totals.set(asset, add(totals.get(asset) ?? { over: 0n, under: 1n }, line))
  }
  return Object.fromEntries([...totals].map(([asset, total]) => [asset, decimalOf(total)]))
}

// ---

interface Fraction {
  readonly over: bigint
  readonly under: bigint
}

function add(left: Fraction, right: Fraction): Fraction {
  return { over: left.over * right.under + right.over * left.under, under: left.under * right.under }
}

function decimalOf({ over, under }: Fraction): string {
  const scaled = over * 10n ** 9n
  const nano = scaled / under + (scaled % under > 0n ? 1n : 0n)
  const digits = String(nano).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, '')
}
