import { digest } from '../hash.ts'

const mark = 'simulator-sealed'

/**
 * What stands for encrypted content: opaque to a client, bound to the item it was given with, and known again.
 * It holds nothing but its own proof.
 */
export function seal(itemId: string, hash: string): string {
  const nonce = hash.slice(0, 16)
  return Buffer.from([mark, itemId, nonce, proof(itemId, nonce)].join(':')).toString('base64url')
}

/** Whether this simulator sealed it, and for this item; a client may leave the item's id out. */
export function unseal(sealed: string, itemId: string | undefined): 'own' | 'foreign' | 'of another item' {
  const [found, id, nonce, given, ...more] = Buffer.from(sealed, 'base64url').toString('latin1').split(':')
  if (found !== mark || id === undefined || nonce === undefined || more.length > 0) return 'foreign'
  if (given !== proof(id, nonce)) return 'foreign'
  // Decoding is lenient; a changed letter that decodes to the same bytes is a change too.
  if (Buffer.from([mark, id, nonce, given].join(':')).toString('base64url') !== sealed) return 'foreign'
  return itemId === undefined || itemId === id ? 'own' : 'of another item'
}

function proof(itemId: string, nonce: string): string {
  return digest(mark, itemId, nonce).slice(0, 24)
}
