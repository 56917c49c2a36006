/** Calls when nothing was written for a while, again and again. */
export interface SilenceTimer {
  /** Something was written; the time on the clock of `performance.now()`. Writes a number and touches no timer. */
  wrote(now: number): void
  stop(): void
}

/** One timer, armed again for what is left when it fires early: a stream has many writes and few silences. */
export function watchSilence(ms: number, onSilence: () => void): SilenceTimer {
  let wroteAt = performance.now()
  let timer = setTimeout(check, ms)
  function check(): void {
    const now = performance.now()
    const left = wroteAt + ms - now
    // Node's timers may fire a fraction of a millisecond early.
    if (left <= 1) wroteAt = now
    timer = setTimeout(check, left <= 1 ? ms : left)
    if (left <= 1) onSilence()
  }
  return {
    wrote(now) {
      wroteAt = now
    },
    stop() {
      clearTimeout(timer)
    },
  }
}
