import { Pool } from 'undici'
import { answerProblem, type Expected, paths, piecesIn } from './wires.ts'

/** A server as the load sees it. */
export interface Target extends Expected {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  /** Bearer tokens and bodies take turns. */
  readonly keys: readonly string[]
  readonly bodies: readonly string[]
}

/** One request, answered. Times in milliseconds of `performance.now()`. */
export interface Exchange {
  readonly begun: number
  /** Of a stream its first byte; of a whole answer its end. */
  readonly answered: number
  readonly problem?: string
}

/** Sends requests to one server. */
export interface Client {
  /** Resolves when the answer has ended; a broken one is a problem, not a throw. `onStarted`: all pieces of a stream are here. */
  send(onStarted?: () => void): Promise<Exchange>
  close(): Promise<void>
}

/** A client with at most so many connections; one request at a time on each. Further requests wait for one. */
export function createClient(target: Target, connections: number, turn: { next: number }): Client {
  const pool = new Pool(target.url, {
    connections,
    pipelining: 1,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  })
  const path = paths[target.wire]

  async function exchange(onStarted?: () => void): Promise<{ answered: number; problem?: string }> {
    const index = turn.next++
    // A stride that is prime to the number of keys, so that neighbours in time are no neighbours in the store.
    const key = target.keys[(index * 7919) % target.keys.length] ?? ''
    const body = target.bodies[index % target.bodies.length] ?? ''
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...target.headers }
    const response = await pool.request({ path, method: 'POST', headers, body })
    const chunks: Buffer[] = []
    let first = 0
    let pieces = 0
    for await (const chunk of response.body) {
      if (first === 0) first = performance.now()
      chunks.push(chunk as Buffer)
      if (onStarted === undefined || pieces === target.size) continue
      pieces = piecesIn(target.wire, Buffer.concat(chunks))
      if (pieces === target.size) onStarted()
    }
    const answered = target.stream ? first : performance.now()
    const problem = answerProblem(target, response.statusCode, Buffer.concat(chunks))
    return problem === undefined ? { answered } : { answered, problem }
  }

  return {
    async send(onStarted) {
      const begun = performance.now()
      try {
        return { begun, ...(await exchange(onStarted)) }
      } catch (error) {
        return { begun, answered: performance.now(), problem: String(error) }
      }
    },
    close: () => pool.close(),
  }
}
