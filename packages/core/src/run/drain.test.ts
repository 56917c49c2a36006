import { afterEach, describe, expect, it, vi } from 'vitest'
import { drain } from './drain.ts'
import { contextOf, protocol, runtimeOf, speaking } from './fake.test-support.ts'
import { createActive } from './active.ts'
import { createLastCall } from './last-call.ts'
import { finishRequest } from './settle.ts'
import type { Runtime } from './runtime.ts'

afterEach(() => {
  vi.useRealTimers()
})

function settling(
  settle: () => unknown,
  retries: readonly number[] = [],
): {
  runtime: Runtime & { lines: { level: string; message: string; fields?: object }[] }
  lastCall(): void
  finish(): void
} {
  const last = new AbortController()
  const made = runtimeOf({
    protocols: [protocol('c')],
    providers: { one: speaking('c') },
    models: { m: { to: 'one/x' } },
    hooks: { 'bill.settle': () => settle() as Promise<void> },
  })
  const runtime = { ...made, lastCall: createLastCall(last.signal), settleRetries: retries }
  const usage = { tokens: { input: 1 }, source: 'upstream', final: true } as const
  return {
    runtime,
    lastCall: () => last.abort(),
    finish: () =>
      finishRequest(
        runtime,
        contextOf('c'),
        { outcome: 'completed', status: 200, usage },
        { lines: [], usage: undefined },
      ),
  }
}
const records = (runtime: { lines: { message: string }[] }): number =>
  runtime.lines.filter(({ message }) => message.includes('this line is the record')).length

describe('settlements at the end', () => {
  it.each([
    ['hangs', () => new Promise(() => {})],
    ['fails, its next try far away', () => Promise.reject(new Error('store is away'))],
  ])('one that %s is written to the log before the gateway is gone, once', async (_name, settle) => {
    vi.useFakeTimers()
    const { runtime, lastCall, finish } = settling(settle, [3_600_000])
    finish()
    const drained = drain(runtime, 0, lastCall)
    await vi.advanceTimersByTimeAsync(19_000)
    expect(records(runtime)).toBe(0)
    await vi.advanceTimersByTimeAsync(4_000)
    await drained
    expect(records(runtime)).toBe(1)
  })

  it('one that comes after the last call is still tried once', async () => {
    let stored = 0
    const { runtime, lastCall, finish } = settling(() => void stored++)
    lastCall()
    finish()
    expect(await runtime.tasks.drain(1000)).toBe(true)
    expect(stored).toBe(1)
    expect(records(runtime)).toBe(0)
  })
})

it('a request that does not end is named, and the drain goes on', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { runtime } = settling(() => {})
  const active = createActive(contextOf('c'))
  runtime.active.add(active)
  const cuts: string[] = []
  active.onCut((error) => void cuts.push(error.code ?? ''))
  const drained = drain(runtime, 0, () => {})
  await Promise.resolve()
  vi.advanceTimersByTime(21_000)
  await drained
  expect(cuts).toEqual(['shutting_down'])
  expect(active.context.signal.aborted).toBe(true)
  expect(runtime.refusal).toMatchObject({ code: 'shutting_down', status: 503 })
  expect(runtime.lines).toContainEqual(
    expect.objectContaining({ message: 'some requests did not end', fields: { ids: ['req_1'] } }),
  )
})

it('a part that registers after the cut is cut at once, and one that took itself back is left alone', () => {
  const active = createActive(contextOf('c'))
  const cuts: string[] = []
  const off = active.onCut(() => void cuts.push('taken back'))
  off()
  active.cut({ class: 'overloaded', status: 503, message: 'x', retryable: false, source: 'gateway' })
  active.cut({ class: 'internal', status: 500, message: 'again', retryable: false, source: 'gateway' })
  active.onCut(({ message }) => void cuts.push(message))
  expect(cuts).toEqual(['x'])
  expect(active.ended?.class).toBe('overloaded')
})
