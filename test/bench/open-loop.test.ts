import { expect, it } from 'vitest'
import { type Clock, evenSchedule, openLoop } from './open-loop.ts'

it('a schedule is even, begins at once, and is as long as asked', () => {
  const schedule = evenSchedule(250, 2000)
  expect(schedule.count).toBe(500)
  expect(schedule.milliseconds).toBe(2000)
  expect([0, 1, 250].map(schedule.at)).toEqual([0, 4, 1000])
  expect([-1, 0, 3.9, 4, 1000, 1e9].map(schedule.due)).toEqual([0, 1, 1, 2, 251, 500])
})

it('a request is due from its own time on and not before, whatever the rate', () => {
  // Rates whose distances are no whole milliseconds, nor sums of powers of two.
  for (const rate of [1, 3, 7, 60, 333, 999, 1000, 1024, 3600, 7919]) {
    const schedule = evenSchedule(rate, 20_000)
    expect(schedule.count).toBe(rate * 20)
    for (let index = 0; index < schedule.count; index++) {
      if (schedule.due(schedule.at(index)) === index + 1 && schedule.due(schedule.at(index) - 1e-6) === index)
        continue
      expect.unreachable(`${rate} a second, request ${index}`)
    }
  }
})

it('counts every answer from when its request was due, also while the server stalls', async () => {
  // One at a time, 1 ms each, and one of them 100 ms: those behind it wait in line.
  const cost = (index: number): number => (index === 20 ? 100 : 1)
  const schedule = evenSchedule(500, 400)
  let free = 0
  const expected = Array.from({ length: schedule.count }, (_, index) => {
    free = Math.max(free, schedule.at(index)) + cost(index)
    return free - schedule.at(index)
  })
  const clock = virtualClock()
  let line = 0
  const { latencies, lateness, inTime } = await clock.run(
    openLoop(
      schedule,
      (index) => {
        line = Math.max(line, clock.now()) + cost(index)
        return clock.sleep(line - clock.now())
      },
      clock,
    ),
  )
  expect(latencies).toEqual(expected.toSorted((a, b) => a - b))
  // A generator that waits for answers would have seen one slow one.
  expect(latencies.filter((latency) => latency > 50).length).toBe(50)
  expect(lateness.at(-1)).toBe(0)
  expect(inTime).toBe(200)
})

it('counts from when a request was due where the generator itself was late', async () => {
  const clock = virtualClock((milliseconds) => (clock.now() === 10 ? 60 : milliseconds))
  const { latencies, lateness } = await clock.run(
    openLoop(evenSchedule(100, 100), () => clock.sleep(1), clock),
  )
  // Due at 20, 30 … 60, begun at 70 together with that of 70.
  expect(lateness).toEqual([0, 0, 0, 0, 0, 10, 20, 30, 40, 50])
  expect(latencies).toEqual([1, 1, 1, 1, 1, 11, 21, 31, 41, 51])
})

it('a server that does not keep up is seen in what it answered by the end', async () => {
  const clock = virtualClock()
  let line = 0
  const { latencies, inTime } = await clock.run(
    openLoop(
      evenSchedule(1000, 1000),
      () => {
        line = Math.max(line, clock.now()) + 2
        return clock.sleep(line - clock.now())
      },
      clock,
    ),
  )
  expect(latencies.length).toBe(1000)
  expect(inTime).toBe(500)
})

/** Time that only passes when everybody sleeps. `oversleep` says how long a sleep of the generator really takes. */
function virtualClock(oversleep: (milliseconds: number) => number = (milliseconds) => milliseconds): Clock & {
  run<T>(work: Promise<T>): Promise<T>
} {
  const sleepers: { readonly at: number; readonly wake: () => void }[] = []
  let now = 0
  return {
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        const took = milliseconds > 1 ? oversleep(milliseconds) : milliseconds
        sleepers.push({ at: now + took, wake })
      }),
    async run(work) {
      let done = false
      void work.finally(() => (done = true))
      for (;;) {
        // Everything that can go on without time does.
        await new Promise(setImmediate)
        if (done) return work
        sleepers.sort((a, b) => a.at - b.at)
        const next = sleepers.shift()
        if (next === undefined) throw new Error('nobody is asleep, and nothing goes on')
        now = next.at
        next.wake()
      }
    },
  }
}
