/** When requests are due, in milliseconds after the start; nothing that happens to them changes it. */
export interface Schedule {
  readonly count: number
  /** How long it goes on. */
  readonly milliseconds: number
  /** When the request of this index is due. */
  at(index: number): number
  /** How many are due by then. */
  due(elapsed: number): number
}

/** So many requests a second at even distances, the first at once. */
export function evenSchedule(rate: number, milliseconds: number): Schedule {
  const count = Math.floor((rate * milliseconds) / 1000)
  const at = (index: number): number => (index * 1000) / rate
  return {
    count,
    milliseconds,
    at,
    due(elapsed) {
      if (elapsed < 0) return 0
      let due = Math.min(count, Math.floor((elapsed * rate) / 1000) + 1)
      // Dividing and multiplying may end a hair beside `at`, and then the loop would turn without sleep.
      if (due < count && at(due) <= elapsed) due++
      return due
    },
  }
}

/** Time; tests bring their own. */
export interface Clock {
  /** Milliseconds since any moment. */
  now(): number
  sleep(milliseconds: number): Promise<void>
}

/** What an open loop saw. */
export interface OpenLoop {
  /** Milliseconds from when each request was due until it was answered; sorted. */
  readonly latencies: readonly number[]
  /** How late each was begun, in milliseconds; sorted. Late ones are the generator's own trouble, and count in the latencies. */
  readonly lateness: readonly number[]
  /** Requests answered by the end of the schedule: a server that keeps up leaves only the last few. */
  readonly inTime: number
}

/**
 * Begins every request when it is due, whatever became of those before it, and counts its time from that moment: a
 * server that stalls is charged for everyone who had to wait meanwhile, also where the generator could not begin in
 * time. `send` resolves when the answer is complete; it must not throw.
 */
export async function openLoop(
  schedule: Schedule,
  send: (index: number) => Promise<void>,
  clock: Clock,
): Promise<OpenLoop> {
  const start = clock.now()
  const latencies: number[] = []
  const lateness: number[] = []
  const running: Promise<void>[] = []
  let inTime = 0
  let begun = 0

  async function one(index: number): Promise<void> {
    lateness.push(clock.now() - start - schedule.at(index))
    await send(index)
    const elapsed = clock.now() - start
    latencies.push(elapsed - schedule.at(index))
    if (elapsed <= schedule.milliseconds) inTime++
  }

  while (begun < schedule.count) {
    const due = schedule.due(clock.now() - start)
    while (begun < due) running.push(one(begun++))
    if (begun < schedule.count) {
      await clock.sleep(Math.max(0, schedule.at(begun) - (clock.now() - start)))
    }
  }
  await Promise.all(running)
  const ascending = (a: number, b: number): number => a - b
  return { latencies: latencies.toSorted(ascending), lateness: lateness.toSorted(ascending), inTime }
}
