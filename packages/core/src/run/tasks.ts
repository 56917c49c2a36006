/** Work that goes on after an answer, and that the drain waits for. */
export interface TaskSet {
  readonly size: number
  add(work: PromiseLike<unknown>): void
  /** Resolves when nothing is left, also counting tasks added meanwhile; `false` when time ran out first. */
  drain(timeoutMs: number): Promise<boolean>
}

/** Our own task set: `event.waitUntil` is a silent no-op in places and is never trusted with money. */
export function createTaskSet(onError: (error: unknown) => void): TaskSet {
  const running = new Set<PromiseLike<unknown>>()
  const waiting = new Set<() => void>()
  const done = (work: PromiseLike<unknown>): void => {
    running.delete(work)
    if (running.size > 0) return
    for (const wake of waiting) wake()
    waiting.clear()
  }
  return {
    get size() {
      return running.size
    },
    add(work) {
      running.add(work)
      work.then(
        () => done(work),
        (error: unknown) => {
          onError(error)
          done(work)
        },
      )
    },
    async drain(timeoutMs) {
      const end = performance.now() + timeoutMs
      while (running.size > 0) {
        const left = end - performance.now()
        if (left <= 0) return false
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => {
            waiting.delete(wake)
            resolve()
          }, left)
          const wake = (): void => {
            clearTimeout(timer)
            resolve()
          }
          waiting.add(wake)
        })
      }
      return true
    },
  }
}
