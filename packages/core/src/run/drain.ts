import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../error.ts'
import type { Runtime } from './runtime.ts'

/** How long requests and settlements may take after the time is over. */
const grace = 20_000

/** How long the records of settlements that could not be stored may take to be written. */
const lastWords = 2_000

/**
 * Lets requests finish for at most `timeoutMs`, then ends the rest with an error they can read, takes no further one,
 * and waits for settlements. What cannot be stored even then is written to the log: `lastCall` asks for it.
 */
export async function drain(runtime: Runtime, timeoutMs: number, lastCall: () => void): Promise<void> {
  await idle(runtime, timeoutMs)
  if (timeoutMs <= 0 || runtime.active.size > 0) {
    const error = new GatewayError({
      class: 'overloaded',
      code: 'shutting_down',
      message: 'The gateway is shutting down.',
      retryable: false,
    }).data
    runtime.refusal = error
    for (const request of runtime.active) request.cut(error)
    await idle(runtime, grace)
  }
  if (runtime.active.size > 0) {
    const ids = [...runtime.active].map(({ context }) => context.id)
    runtime.logger.error('some requests did not end', { ids })
  }
  if (await runtime.tasks.drain(grace)) return
  lastCall()
  if (await runtime.tasks.drain(lastWords)) return
  runtime.logger.error('some settlements and tasks did not finish in time', { count: runtime.tasks.size })
}

async function idle(runtime: Runtime, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs
  while (runtime.active.size > 0 && performance.now() < end)
    await sleep(Math.max(1, Math.min(20, end - performance.now())))
}
