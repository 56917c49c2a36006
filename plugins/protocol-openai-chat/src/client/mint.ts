import { randomUUID } from 'node:crypto'

/**
 * An id for a call that its host sent without one: from the answer's id (else its time) and the call's place, so that
 * reading the same bytes again gives the same id. Random only where the answer names neither.
 */
export function mintCallId(
  id: string | undefined,
  createdAt: number | undefined,
  choice: number,
  position: number,
): string {
  const from = id ?? (createdAt === undefined ? randomUUID() : String(createdAt))
  const cleaned = from.replace(/[^a-zA-Z0-9]/g, '').slice(-24)
  return `call_${cleaned}_${choice}_${position}`
}
