import type { AttemptEnd, AttemptPlan, AttemptResult } from './types.ts'

const nothing: AttemptEnd = { outcome: 'aborted', outputBytes: 0 }

/**
 * Runs an attempt whose answer comes as a whole. A client that leaves cancels it, or lets it finish in the background
 * within bounds where the provider's meter runs on; a cut ends it at once. Work that heeds no signal holds nobody up.
 */
export function abortable(
  plan: AttemptPlan,
  start: (signal: AbortSignal) => Promise<AttemptResult>,
): Promise<AttemptResult> {
  const { shared, provider, signal } = plan
  const cancel = new AbortController()
  return new Promise((resolve) => {
    let drain: { readonly timer: NodeJS.Timeout; end(end: AttemptEnd): void } | undefined
    let over = false
    let offCut = (): void => {}

    const finish = (): boolean => {
      if (over) return false
      over = true
      signal.removeEventListener('abort', gone)
      offCut()
      if (drain) {
        clearTimeout(drain.timer)
        shared.releaseDrain()
      }
      return true
    }
    const gone = (): void => {
      if (over || drain) return
      if (provider.cancelStopsBilling === true || !shared.takeDrain()) {
        finish()
        resolve({ kind: 'aborted', end: Promise.resolve(nothing) })
        cancel.abort()
        return
      }
      const { promise: end, resolve: resolveEnd } = Promise.withResolvers<AttemptEnd>()
      const timer = setTimeout(() => stop(nothing), shared.timers.drain)
      drain = { timer, end: resolveEnd }
      resolve({ kind: 'aborted', end })
    }
    const stop = (end: AttemptEnd): void => {
      if (!finish()) return
      drain?.end(end)
      cancel.abort()
    }

    offCut = plan.onCut((error) => {
      resolve({ kind: 'failed', error, sent: true })
      stop({ ...nothing, error })
    })
    signal.addEventListener('abort', gone, { once: true })
    if (signal.aborted) gone()
    if (over) return
    void start(cancel.signal).then((result) => {
      if (!finish()) return
      drain?.end(abortedEnd(result))
      resolve(result)
    })
  })
}

/** What is left of an answer that nobody waits for any more. */
function abortedEnd(result: AttemptResult): AttemptEnd {
  if (result.kind === 'whole') return { ...result.end, outcome: 'aborted' }
  return result.kind === 'failed' ? { ...nothing, error: result.error } : nothing
}
