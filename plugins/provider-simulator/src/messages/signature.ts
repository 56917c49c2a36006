import { digest } from '../hash.ts'

const mark = 'simulator'

/** A signature over a thinking block. It can be told from any other, and is bound to the text unless that was left out. */
export function sign(thinking: string, hash: string): string {
  const nonce = hash.slice(0, 16)
  const seal = [
    mark,
    nonce,
    digest(thinking).slice(0, 24),
    digest(mark, nonce, digest(thinking)).slice(0, 24),
  ]
  return Buffer.from(seal.join(':')).toString('base64')
}

/** Whether this simulator signed this text; an empty text stands for one that was left out. */
export function verify(thinking: string, signature: string): boolean {
  const [found, nonce, text, seal, ...more] = Buffer.from(signature, 'base64').toString('latin1').split(':')
  if (found !== mark || nonce === undefined || text === undefined || seal?.length !== 24 || more.length > 0)
    return false
  if (Buffer.from([found, nonce, text, seal].join(':')).toString('base64') !== signature) return false
  if (thinking === '') return true
  return text === digest(thinking).slice(0, 24) && seal === digest(mark, nonce, digest(thinking)).slice(0, 24)
}
