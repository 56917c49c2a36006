import { Worker } from 'node:worker_threads'
import type { Logger } from '@gantry/core'
import type { Countable, Counted, Job, Report, WorkerStart } from './messages.ts'

/** Bounds of the desk. */
export interface DeskOptions {
  /** Milliseconds for one request, waiting included. */
  readonly timeoutMs: number
  /** Requests that wait at once. */
  readonly queue: number
  readonly cacheBytes: number
  /** Milliseconds without work after which the worker ends. */
  readonly idleMs: number
  /** Starts the worker; for tests. */
  readonly start?: (start: WorkerStart) => Worker
}

/** Where requests wait for the one worker that counts. */
export interface Desk {
  /**
   * Counts pieces in order; those that it did not come to in time are missing at the end. Rejects with the signal's
   * reason, and for nothing else: a worker that fails or is too busy counts nothing.
   */
  count(pieces: readonly Countable[], signal: AbortSignal): Promise<readonly Counted[]>
  open(logger: Logger): void
  /** Ends the worker; who waits gets nothing counted. Safe to call twice. */
  close(): Promise<void>
}

/** What a job may take longer than it was given, before its worker is given up: the pieces are short. */
const patienceMs = 1000

/** A worker gets so long to come up; after one that did not, none is started for as long. */
const restMs = 30_000

interface Ticket {
  readonly pieces: readonly Countable[]
  readonly deadline: number
  /** Only the first call counts. */
  end(counts: readonly Counted[]): void
}

/** Makes a desk. The worker is started by the first request that needs it, and never keeps the process alive. */
export function createDesk(options: DeskOptions): Desk {
  const { timeoutMs, queue: most, cacheBytes, idleMs, start = startWorker } = options
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const waiting = new Set<Ticket>()
  let logger: Logger | undefined
  let isClosed = false
  let restUntil = 0
  let worker: Worker | undefined
  let state: 'loading' | 'idle' | 'busy' = 'loading'
  let current: Ticket | undefined
  let timer: NodeJS.Timeout | undefined

  const after = (ms: number, run: () => void): void => {
    clearTimeout(timer)
    timer = setTimeout(run, ms).unref()
  }

  /** The worker is gone, or is given up: what it was doing counts nothing. */
  const lose = (why?: unknown): Promise<unknown> | undefined => {
    const lost = worker
    clearTimeout(timer)
    worker = undefined
    if (why !== undefined) {
      if (state === 'loading') restUntil = performance.now() + restMs
      logger?.warn('the worker that counts tokens was lost', { while: state, cause: why })
    }
    current?.end([])
    current = undefined
    return lost?.terminate()
  }

  const hire = (): void => {
    if (performance.now() < restUntil) return
    state = 'loading'
    const own = start({ cacheBytes, stop })
    worker = own
    const ifOurs = (run: () => void): void => {
      if (worker === own) run()
    }
    own.on('message', (report: Report) =>
      ifOurs(() => {
        if (report !== 'ready') current?.end(report)
        current = undefined
        state = 'idle'
        serve()
      }),
    )
    const fail = (why: unknown): void =>
      ifOurs(() => {
        void lose(why)
        serve()
      })
    own.on('error', fail)
    own.on('exit', (code) => fail(`it exited with ${code}`))
    // Last: listening to messages would take it back.
    own.unref()
    after(restMs, () => fail('it did not start in time'))
  }

  const serve = (): void => {
    const [next] = waiting
    if (!next) {
      if (state === 'idle') after(idleMs, () => void lose())
      return
    }
    if (!worker) hire()
    if (!worker) {
      // Nobody will come for a while.
      for (const ticket of waiting) ticket.end([])
      return
    }
    if (state !== 'idle') return
    waiting.delete(next)
    current = next
    state = 'busy'
    Atomics.store(stop, 0, 0)
    const budgetMs = Math.max(0, next.deadline - performance.now())
    worker.postMessage({ pieces: next.pieces, budgetMs } satisfies Job, [])
    after(budgetMs + patienceMs, () => {
      void lose('it did not answer in time')
      serve()
    })
  }

  return {
    count: (pieces, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (isClosed || waiting.size >= most) return resolve([])
        let isOver = false
        const settle = (run: () => void): void => {
          if (isOver) return
          isOver = true
          clearTimeout(limit)
          signal.removeEventListener('abort', leave)
          waiting.delete(ticket)
          run()
        }
        const ticket: Ticket = {
          pieces,
          deadline: performance.now() + timeoutMs,
          end: (counts) => settle(() => resolve(counts)),
        }
        const leave = (): void => {
          if (current === ticket) Atomics.store(stop, 0, 1)
          settle(() => reject(signal.reason))
        }
        const limit = setTimeout(() => {
          // One that is being counted ends by itself, with what was counted.
          if (current !== ticket) ticket.end([])
        }, timeoutMs).unref()
        signal.addEventListener('abort', leave, { once: true })
        waiting.add(ticket)
        serve()
      }),
    open(to) {
      logger = to
      isClosed = false
    },
    async close() {
      isClosed = true
      for (const ticket of waiting) ticket.end([])
      await lose()
    },
  }
}

/** The file beside this one: TypeScript in the repository, JavaScript where it is published. */
function startWorker(workerData: WorkerStart): Worker {
  const isSource = import.meta.url.endsWith('.ts')
  const file = isSource ? import.meta.resolve('./worker.ts') : import.meta.resolve('./worker.js')
  return new Worker(new URL(file), {
    workerData,
    // Of what the process was started with, nothing concerns it; a hook that loads modules would slow its start.
    execArgv: [],
    env: {},
    name: 'gantry-tokens',
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  })
}
