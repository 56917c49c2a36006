import { randomFillSync } from 'node:crypto'

const bytesPerId = 12
const idsPerFill = 256

/**
 * Makes request ids: `req_`, nine characters of time (so that ids sort by it) and 96 random bits (so that
 * nobody guesses another's). Random bytes are drawn in bulk: one system call for 256 requests.
 */
export function createRequestIds(): () => string {
  const pool = Buffer.alloc(bytesPerId * idsPerFill)
  let next = pool.length
  return () => {
    if (next === pool.length) {
      randomFillSync(pool)
      next = 0
    }
    const random = pool.toString('hex', next, (next += bytesPerId))
    return `req_${Date.now().toString(36).padStart(9, '0')}${random}`
  }
}
