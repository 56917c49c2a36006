import type { Usage } from '../model/index.ts'
import { observedUsage, usageSoFar } from '../run/estimate.ts'
import type { StreamLine } from './line.ts'
import type { AttemptPlan } from './types.ts'

/** Delivered bytes between two looks of the bill phase at a stream that reports no usage. */
const observeEvery = 2048

/**
 * Shows a stream to the bill phase: at each report, and every so many bytes without one.
 * Answers the usage to end the stream with when that phase has had enough, and there is something left to end.
 */
export function createObserver(plan: AttemptPlan): (line: StreamLine) => Usage | undefined {
  let reported: Usage | undefined
  let seenBytes = 0
  return (line) => {
    const { usage } = line
    if (usage && usage !== reported) reported = usage
    else if (line.outputBytes - seenBytes < observeEvery) return undefined
    seenBytes = line.outputBytes
    const soFar = usage
      ? usageSoFar(usage, line.outputBytes)
      : observedUsage(plan.bound().inputTokens, line.outputBytes, 'observed')
    const final = usage?.final === true
    if (plan.observe(final ? soFar : { ...soFar, final }) !== 'stop') return undefined
    return line.complete || line.finished ? undefined : soFar
  }
}

/**
 * Tells when an upstream has sent nothing but signs of life for too long. Asked after everything that arrives, with the
 * time on the clock of `performance.now()`.
 */
export function createPingWatch(limitMs: number): (line: StreamLine, now: number) => boolean {
  let progress = 0
  let since = performance.now()
  return (line, now) => {
    if (line.progress === progress) return now - since > limitMs
    progress = line.progress
    since = now
    return false
  }
}
