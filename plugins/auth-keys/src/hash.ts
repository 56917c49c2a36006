import { createHash, createHmac } from 'node:crypto'

/**
 * The pepper where none is configured. It is public, and that is enough: a key has 190 random bits, so nobody
 * finds it from its hash. To move to a secret pepper, configure `[newPepper, defaultPepper]` until old keys are gone.
 */
export const defaultPepper = 'gantry auth-keys default pepper v1'

/** What a hash at rest looks like: the id of the pepper, a dot, HMAC-SHA-256 in hex. */
export const hashPattern: RegExp = /^[0-9a-f]{8}\.[0-9a-f]{64}$/

/** Hashes secrets with the active pepper and, during a rotation, with the one before it. */
export interface Hasher {
  /** The hash new keys are stored under. */
  hash(secret: string): string
  /** Every hash a stored key may have, the active pepper's first. */
  hashes(secret: string): readonly [string, ...string[]]
}

/** Makes a hasher; the first pepper is the active one. */
export function createHasher(peppers: readonly [string, ...string[]]): Hasher {
  const [active, ...older] = peppers.map((pepper) => ({ pepper, id: pepperId(pepper) }))
  if (!active) throw new TypeError('a hasher needs a pepper')
  return {
    hash: (secret) => digest(active, secret),
    hashes: (secret) => [digest(active, secret), ...older.map((one) => digest(one, secret))],
  }
}

/** Names a pepper without giving it away, so that a stored hash says which one made it. */
export function pepperId(pepper: string): string {
  return createHash('sha256').update('gantry pepper id\0').update(pepper).digest('hex').slice(0, 8)
}

function digest(one: { readonly pepper: string; readonly id: string }, secret: string): string {
  return `${one.id}.${createHmac('sha256', one.pepper).update(secret).digest('hex')}`
}
