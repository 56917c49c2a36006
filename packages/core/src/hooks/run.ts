import type { Awaitable } from '../contract/index.ts'

/** Deadlines of the asynchronous moments, in milliseconds. */
export interface HookDeadlines {
  readonly auth: number
  readonly route: number
  readonly 'bill.reserve': number
  readonly 'transform.request': number
  /** For finding a kept answer, and for keeping one. */
  readonly memory: number
  readonly 'bill.settle': number
  readonly log: number
  readonly setup: number
  readonly close: number
}

/** What a hook gets by default before it is given up. */
export const defaultDeadlines: HookDeadlines = {
  auth: 1000,
  route: 1000,
  'bill.reserve': 2000,
  'transform.request': 5000,
  memory: 2000,
  'bill.settle': 10_000,
  log: 5000,
  setup: 30_000,
  close: 10_000,
}

/** A value that is a promise, without asking what kind. */
export function isThenable<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function'
}

/** Somebody did not finish in time. */
export class DeadlineError extends Error {
  constructor(who: string, ms: number) {
    super(`${who} did not finish within ${ms} ms`)
    this.name = 'DeadlineError'
  }
}

/** Waits at most `ms`; then rejects, naming who was too slow. The late result is ignored, its rejection too. */
export function withDeadline<T>(work: PromiseLike<T>, ms: number, who: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineError(who, ms)), ms)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
