import type { Counted } from './messages.ts'

/** Pages that vendors take at most; a file can claim any number. */
const most = 1000

/** Bytes of a page, when a file does not say how many it has. */
export const bytesPerPage = 100_000

/** Pages of a PDF by its page objects, else by what its page tree claims, else by its size. */
export function countPages(base64: string): Counted {
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('latin1')
  let pages = 0
  for (const _ of text.matchAll(/\/Type\s*\/Page(?![a-z])/gi)) pages++
  // Where page objects are compressed, the tree may still be readable.
  if (pages === 0)
    for (const [, claimed] of text.matchAll(/\/Count\s+(\d{1,6})/g)) pages = Math.max(pages, Number(claimed))
  if (pages === 0) pages = Math.ceil(bytes.length / bytesPerPage)
  return { count: Math.min(most, Math.max(1, pages)), read: base64.length }
}
