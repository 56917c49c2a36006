/** When settlements have to come to an end. */
export interface LastCall {
  readonly isOver: boolean
  /** Waits for work, or rejects when the last call comes first. */
  orElse<T>(work: PromiseLike<T>): Promise<T>
}

/**
 * One listener for all settlements: a signal keeps its listeners in a list, and taking one of thousands out walks
 * through it.
 */
export function createLastCall(signal: AbortSignal): LastCall {
  const waiting = new Set<(cause: Error) => void>()
  const onCall = (): void => {
    for (const reject of waiting) reject(new Error('The gateway closes.'))
    waiting.clear()
  }
  if (!signal.aborted) signal.addEventListener('abort', onCall, { once: true })
  return {
    get isOver() {
      return signal.aborted
    },
    orElse: (work) =>
      new Promise((resolve, reject) => {
        // What comes after the call has its own, short time.
        if (!signal.aborted) waiting.add(reject)
        work.then(
          (value) => {
            waiting.delete(reject)
            resolve(value)
          },
          (error: unknown) => {
            waiting.delete(reject)
            reject(error)
          },
        )
      }),
  }
}
