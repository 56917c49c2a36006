import { digest } from '../hash.ts'

const mark = 'simulator-sealed'

/** What was found in encrypted content. */
export type Unsealed =
  | { readonly state: 'own'; readonly held: number }
  | { readonly state: 'foreign' | 'of another item' }

/**
 * What stands for encrypted content: opaque to a client, bound to the item it was given with, and known again.
 * It holds one number, which is what a compacted conversation has to remember.
 */
export function seal(itemId: string, hash: string, held = 0): string {
  return written([mark, itemId, hash.slice(0, 16), String(held)])
}

/** Whether this simulator sealed it, and for this item; a client may leave the item's id out. */
export function unseal(sealed: string, itemId: string | undefined): Unsealed {
  const parts = Buffer.from(sealed, 'base64url').toString('latin1').split(':')
  const [found, id, , held] = parts
  // Written again it has to be the same, down to the letters that decoding is lenient about.
  if (found !== mark || parts.length !== 5 || written(parts.slice(0, 4)) !== sealed)
    return { state: 'foreign' }
  if (itemId !== undefined && itemId !== id) return { state: 'of another item' }
  return { state: 'own', held: Number(held) }
}

function written(parts: readonly string[]): string {
  const proof = digest(...parts).slice(0, 24)
  return Buffer.from([...parts, proof].join(':'), 'latin1').toString('base64url')
}
