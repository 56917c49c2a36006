import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A child process that answers questions one at a time over IPC. */
export interface Child {
  /** What it said when it was ready. */
  readonly ready: unknown
  ask<A>(question: string, input?: unknown): Promise<A>
  stop(): Promise<void>
}

/** Handlers of a child, by question. */
export interface Handlers {
  readonly [question: string]: (input: unknown) => unknown
}

const answerWithinMs = 120_000

/** Starts `file` (beside this one) with one JSON argument and waits until it is ready. */
export async function startChild(file: string, argument: unknown = {}): Promise<Child> {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(argument)], {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ready = await answerOf(child, file)
  return {
    ready,
    async ask<A>(question: string, input?: unknown) {
      child.send({ question, input })
      return (await answerOf(child, `${file}: ${question}`)) as A
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await gone
      clearTimeout(hard)
    },
  }
}

/** The child's side: answers every question and calls `close` when its parent is done with it, or gone. */
export function serveParent(ready: unknown, handlers: Handlers, close: () => unknown): void {
  process.on('message', (message: { question: string; input: unknown }) => {
    void (async () => {
      try {
        process.send?.({ answer: await handlers[message.question]?.(message.input) })
      } catch (error) {
        process.send?.({ error: String(error) })
      }
    })()
  })
  process.once('disconnect', () => {
    // A child never outlives the bench, whatever its server still holds open.
    setTimeout(() => process.exit(0), 5000).unref()
    void Promise.resolve(close()).finally(() => process.exit(0))
  })
  process.send?.({ answer: ready })
}

/** The one argument of a child. */
export function argumentOf<A>(): A {
  return JSON.parse(process.argv[2] ?? '{}') as A
}

function answerOf(child: ChildProcess, what: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = (message: { answer?: unknown; error?: string }): void => {
      settle()
      if (message.error === undefined) resolve(message.answer)
      else reject(new Error(`${what}: ${message.error}`))
    }
    const onExit = (code: number | null): void => {
      settle()
      reject(new Error(`${what}: the process ended with ${code}`))
    }
    const timer = setTimeout(() => {
      settle()
      child.kill('SIGKILL')
      reject(new Error(`${what}: no answer within ${answerWithinMs} ms`))
    }, answerWithinMs)
    child.on('message', onMessage).on('exit', onExit)
  })
}
