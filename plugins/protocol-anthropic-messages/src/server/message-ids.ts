import { wireId } from '@gantry/core/codec'

/** What Anthropic takes as the id of a call (API reference, `tool_use.id`). */
const fits = /^[a-zA-Z0-9_-]+$/
const maxLength = 256

/** What the ids of one answer have in common: the request's own id in characters that this wire takes. */
export function baseOf(requestId: string): string {
  return wireId(requestId.replace(/^req_/, ''), fits, 48)
}

/** The id of a message. One that an upstream of this wire gave is kept; ids of others get one made of the request's. */
export function messageId(id: string | undefined, base: string, own: boolean): string {
  return id !== undefined && id !== '' && (own || id.startsWith('msg_')) ? id : `msg_${base}`
}

/**
 * Ids for the calls of one answer: the upstream's where it is valid and not used yet, so that what comes back finds its
 * call; else one made of it, or of the answer's id. The same answer always gets the same ids, and none twice.
 */
export function callIds(base: string): (wanted: string) => string {
  const used = new Set<string>()
  let made = 0
  return (wanted) => {
    let id = wanted === '' ? '' : wireId(wanted, fits, maxLength)
    while (id === '' || used.has(id)) id = `toolu_${base}_${made++}`
    used.add(id)
    return id
  }
}
