import type { GatewayErrorData } from '../model/index.ts'
import { GatewayError } from '../error.ts'
import type { RequestContext } from './context.ts'

/** A request that is under way, and how to end it from outside. */
export interface ActiveRequest {
  readonly context: RequestContext
  /** Why it was ended from outside; nothing new is begun for it then. */
  readonly ended: GatewayErrorData | undefined
  /** Registers what ends a part of it, at once when it has been ended already. Returns how to take that back. */
  onCut(cut: (error: GatewayErrorData) => void): () => void
  /** Ends it: every part that is running, and its signal. Only the first call counts. */
  cut(error: GatewayErrorData): void
}

/** A request has several parts that run at once: its own attempt, and those of its children. */
export function createActive(context: RequestContext): ActiveRequest {
  return new Active(context)
}

class Active implements ActiveRequest {
  readonly context: RequestContext
  ended: GatewayErrorData | undefined = undefined
  readonly #cuts = new Set<(error: GatewayErrorData) => void>()

  constructor(context: RequestContext) {
    this.context = context
  }

  onCut(cut: (error: GatewayErrorData) => void): () => void {
    if (this.ended) {
      cut(this.ended)
      return () => {}
    }
    this.#cuts.add(cut)
    return () => void this.#cuts.delete(cut)
  }

  cut(error: GatewayErrorData): void {
    if (this.ended) return
    this.ended = error
    for (const cut of this.#cuts) cut(error)
    this.#cuts.clear()
    this.context.abort(new GatewayError(error))
  }
}

/** Waits for work unless the request is ended first; then what becomes of the work is nobody's business. */
export function unlessCut<T>(active: ActiveRequest, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const off = active.onCut((error) => reject(new GatewayError(error)))
    work.then(
      (value) => {
        off()
        resolve(value)
      },
      (error: unknown) => {
        off()
        reject(error)
      },
    )
  })
}

/** Throws when there is nobody left to answer, or no time. */
export function requireActive(active: ActiveRequest): void {
  if (active.ended) throw new GatewayError(active.ended)
  if (active.context.gone)
    throw new GatewayError({ class: 'cancelled', message: 'The client closed the connection.' })
}
