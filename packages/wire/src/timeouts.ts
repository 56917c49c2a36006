/** How long each stage of an upstream request may take, in milliseconds. */
export interface Timeouts {
  /** Until a connection is there, waiting for a free one included: 5 s. */
  readonly connect: number
  /** From the start until the first byte of the body, not only of the head: 300 s, as reasoning models are silent. */
  readonly firstByte: number
  /** Between two pieces of the body, while the reader wants more: 120 s. */
  readonly idle: number
  /** From the start to the end: 60 min. */
  readonly total: number
}

/** The defaults (reliability T27). */
export const defaultTimeouts: Timeouts = {
  connect: 5_000,
  firstByte: 300_000,
  idle: 120_000,
  total: 3_600_000,
}

/** A stage that ran out of time. */
export type TimeoutKind = 'connect_timeout' | 'first_byte_timeout' | 'idle_timeout' | 'total_timeout'

/** Watches one request. */
export interface Watch {
  /** A connection took the request. */
  connected(): void
  /** A piece of the body arrived. Called for every chunk: writes a number and touches no timer. */
  activity(): void
  /** The reader wants no more for now: nothing can arrive, so nothing is idle. */
  paused(): void
  resumed(): void
  stop(): void
}

/** The largest delay that `setTimeout` takes. */
const longestDelay = 2_147_483_647

/**
 * One timer a request, armed for the nearest deadline and armed again when it fires early: a chunk only notes
 * when it came. Most requests end before their first deadline and pay one `setTimeout` and one `clearTimeout`.
 * A stage of `Infinity` has no limit.
 */
export function createWatch(timeouts: Timeouts, onTimeout: (kind: TimeoutKind, ms: number) => void): Watch {
  const startedAt = performance.now()
  let isConnected = false
  let hasBody = false
  let isPaused = false
  let activeAt = startedAt
  let stopped = false
  let armedFor = Infinity
  let timer: NodeJS.Timeout | undefined

  function stage(): TimeoutKind {
    if (!isConnected) return 'connect_timeout'
    return hasBody ? 'idle_timeout' : 'first_byte_timeout'
  }

  function stageDeadline(now: number): number {
    if (!isConnected) return startedAt + timeouts.connect
    if (!hasBody) return startedAt + timeouts.firstByte
    return (isPaused ? now : activeAt) + timeouts.idle
  }

  function arm(now: number): void {
    if (stopped) return
    const at = Math.min(stageDeadline(now), startedAt + timeouts.total)
    armedFor = at
    if (at === Infinity) return
    timer = setTimeout(check, Math.min(Math.max(at - now, 0), longestDelay))
  }

  function check(): void {
    const now = performance.now()
    const stageAt = stageDeadline(now)
    const totalAt = startedAt + timeouts.total
    // Node's timers may fire a fraction of a millisecond early.
    if (Math.min(stageAt, totalAt) - now > 0.5) return arm(now)
    stopped = true
    if (stageAt <= totalAt) onTimeout(stage(), limitOf(stage()))
    else onTimeout('total_timeout', timeouts.total)
  }

  function limitOf(kind: TimeoutKind): number {
    if (kind === 'connect_timeout') return timeouts.connect
    return kind === 'first_byte_timeout' ? timeouts.firstByte : timeouts.idle
  }

  /** A new stage may end sooner than the one the timer was armed for. */
  function tighten(now: number): void {
    if (stageDeadline(now) >= armedFor) return
    clearTimeout(timer)
    arm(now)
  }

  arm(startedAt)
  return {
    connected() {
      isConnected = true
      tighten(performance.now())
    },
    activity() {
      activeAt = performance.now()
      isPaused = false
      if (hasBody) return
      hasBody = true
      tighten(activeAt)
    },
    paused() {
      isPaused = true
    },
    resumed() {
      if (!isPaused) return
      isPaused = false
      activeAt = performance.now()
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
