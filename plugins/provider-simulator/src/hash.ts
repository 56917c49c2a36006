import { createHash } from 'node:crypto'

/** Letters and digits that depend on nothing but the given texts: ids of the same request are the same. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex')
}

/** A number from 0 to `below` - 1, by a digest. */
export function pick(hex: string, below: number): number {
  return Number.parseInt(hex.slice(0, 8), 16) % below
}
