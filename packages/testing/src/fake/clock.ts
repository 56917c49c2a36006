import { vi } from 'vitest'

/** A clock that moves only when told. */
export interface FakeClock {
  /** Milliseconds since 1970. */
  now(): number
  date(): Date
  setTimeout(callback: () => void, ms: number): number
  clearTimeout(id: number | undefined): void
  setInterval(callback: () => void, ms: number): number
  clearInterval(id: number | undefined): void
  /** Resolves when the clock has moved that far. */
  sleep(ms: number): Promise<void>
  /**
   * Moves the clock, running what falls due in order, each at its own time; promises settle in between.
   * What a callback schedules runs too if it falls due within the same move.
   */
  advance(ms: number): Promise<void>
  /** How many timers wait. */
  readonly pending: number
  /** Gives the globals back (with `global`); forgets every timer. */
  close(): void
}

/** How to make a clock. */
export interface FakeClockOptions {
  /** Where it starts; 2026-01-01T00:00:00Z by default. */
  readonly at?: Date | number
  /**
   * Also replaces the global timers, `Date` and `performance` through vitest's fake timers, for code that cannot be
   * given a clock. Sockets do not run under it: leave it off where a real server answers.
   */
  readonly global?: boolean
}

/** Makes a clock to inject, or one for the whole process with `global`. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  const start = Number(options.at ?? Date.UTC(2026, 0, 1))
  return options.global ? globalClock(start) : ownClock(start)
}

interface Timer {
  readonly id: number
  readonly due: number
  readonly callback: () => void
  readonly every?: number
}

function ownClock(start: number): FakeClock {
  let now = start
  let nextId = 1
  const timers = new Map<number, Timer>()

  const add = (callback: () => void, ms: number, every?: number): number => {
    const id = nextId++
    // Node takes less than a millisecond for one: an interval of 0 must not stop the clock.
    timers.set(id, {
      id,
      due: now + Math.max(every === undefined ? 0 : 1, ms),
      callback,
      ...(every !== undefined && { every }),
    })
    return id
  }
  const earliest = (): Timer | undefined => {
    let found: Timer | undefined
    for (const timer of timers.values()) if (!found || timer.due < found.due) found = timer
    return found
  }
  const remove = (id: number | undefined): void => {
    if (id !== undefined) timers.delete(id)
  }

  return {
    now: () => now,
    date: () => new Date(now),
    setTimeout: (callback, ms) => add(callback, ms),
    clearTimeout: remove,
    setInterval: (callback, ms) => add(callback, ms, Math.max(1, ms)),
    clearInterval: remove,
    sleep: (ms) => new Promise((resolve) => add(resolve, ms)),
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const timer = earliest()
        if (!timer || timer.due > end) break
        now = Math.max(now, timer.due)
        timers.delete(timer.id)
        if (timer.every !== undefined) timers.set(timer.id, { ...timer, due: now + timer.every })
        timer.callback()
        await settle()
      }
      now = end
    },
    get pending() {
      return timers.size
    },
    close: () => timers.clear(),
  }
}

function globalClock(start: number): FakeClock {
  vi.useFakeTimers({
    now: start,
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  })
  const handles = new Map<number, ReturnType<typeof setTimeout>>()
  let nextId = 1
  const keep = (handle: ReturnType<typeof setTimeout>): number => {
    handles.set(nextId, handle)
    return nextId++
  }
  const remove = (id: number | undefined): void => {
    if (id === undefined) return
    clearTimeout(handles.get(id))
    handles.delete(id)
  }
  return {
    now: () => Date.now(),
    date: () => new Date(),
    setTimeout: (callback, ms) => keep(setTimeout(callback, ms)),
    clearTimeout: remove,
    setInterval: (callback, ms) => keep(setInterval(callback, ms)),
    clearInterval: remove,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    advance: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    get pending() {
      return vi.getTimerCount()
    },
    close: () => void vi.useRealTimers(),
  }
}

/** Chains of promises may be long: a turn of the event loop lets all of them run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
