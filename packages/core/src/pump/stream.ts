import type { Readable } from 'node:stream'
import type { GatewayErrorData, Usage } from '../model/index.ts'
import type { Outcome } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { observedUsage } from '../run/estimate.ts'
import { publicError } from '../run/public-error.ts'
import { faultOf, reportOwnFault, upstreamError } from './fault.ts'
import { createOutput, type Output } from './output.ts'
import type { StreamLine } from './line.ts'
import type { AttemptEnd, AttemptPlan, AttemptResult } from './types.ts'

/** Delivered bytes between two looks of the bill phase at a stream that reports no usage. */
const observeEvery = 2048

/**
 * Runs one stream from its first upstream byte to its last client byte.
 * Resolves at the commit point (with the body), or when the attempt has failed before it. Never rejects.
 *
 * `source` is absent for providers that make events themselves; they feed the line and call `pulse`.
 */
export function pumpStream(
  plan: AttemptPlan,
  line: StreamLine,
  source: Readable | undefined,
  relayed: boolean,
): { result: Promise<AttemptResult>; pulse(): void; closed(error?: unknown): void } {
  const { timers } = plan.shared
  const provider = plan.provider.name
  let resolveResult: (result: AttemptResult) => void = () => {}
  let resolveEnd: (end: AttemptEnd) => void = () => {}
  const result = new Promise<AttemptResult>((resolve) => (resolveResult = resolve))
  const end = new Promise<AttemptEnd>((resolve) => (resolveEnd = resolve))

  let phase: 'waiting' | 'open' | 'draining' | 'over' = 'waiting'
  let output: Output | undefined
  let observedUsageReport: Usage | undefined
  let observedBytes = 0
  let lastProgress = 0
  let lastProgressAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  let keepAlive: NodeJS.Timeout | undefined
  let drainTaken = false

  const observed = (): Usage => observedUsage(plan.bound().inputTokens, line.outputBytes, 'observed')

  const over = (outcome: Outcome, error?: GatewayErrorData): void => {
    if (phase === 'over') return
    phase = 'over'
    clearTimeout(timer)
    clearTimeout(keepAlive)
    plan.signal.removeEventListener('abort', gone)
    if (drainTaken) plan.shared.releaseDrain()
    // A stream that is over frees its socket; one that ended by itself is already closed.
    if (source && !source.readableEnded) source.destroy()
    resolveEnd({
      outcome,
      outputBytes: line.outputBytes,
      ...(line.usage ? { usage: line.usage } : {}),
      ...(line.finish ? { finish: line.finish } : {}),
      ...(error ? { error } : {}),
    })
  }

  const flush = (): void => {
    if (phase !== 'open' || !output) {
      if (phase === 'draining') line.take()
      return
    }
    let room = true
    for (const data of line.take()) room = output.write(data)
    if (!room) source?.pause()
    keepAlive?.refresh()
  }

  const open = (): void => {
    phase = 'open'
    clearTimeout(timer)
    output = createOutput(() => source?.resume(), gone)
    keepAlive = setTimeout(ping, timers.keepAlive)
    resolveResult({ kind: 'stream', body: output.stream, relayed, end })
  }

  const ping = (): void => {
    if (phase !== 'open') return
    line.keepAlive()
    flush()
    keepAlive = setTimeout(ping, timers.keepAlive)
  }

  /** Ends a stream that has begun with an error the client can read; before that, the attempt just failed. */
  const fail = (error: GatewayErrorData): void => {
    if (phase === 'over') return
    if (phase === 'waiting') {
      resolveResult({ kind: 'failed', error, sent: true })
      over('failed', error)
      return
    }
    if (phase === 'draining') {
      over('aborted', error)
      return
    }
    line.fail(publicError(error, plan.shared.redact))
    flush()
    output?.finish()
    over('failed', error)
  }

  const complete = (): void => {
    flush()
    output?.finish()
    over(phase === 'draining' ? 'aborted' : 'completed')
  }

  /** The client left: cancel, or drain within bounds where the provider's meter runs on. */
  const gone = (): void => {
    if (phase === 'over' || phase === 'draining') return
    const waiting = phase === 'waiting'
    phase = 'draining'
    clearTimeout(timer)
    clearTimeout(keepAlive)
    if (waiting) {
      resolveResult({ kind: 'aborted', end })
      // Opened for nobody: what a drain reads is counted and dropped, never held.
      guarded(() => line.open())
      line.take()
      if (isOver()) return
    }
    if (line.complete || plan.provider.cancelStopsBilling === true || !plan.shared.takeDrain()) {
      over('aborted')
      return
    }
    drainTaken = true
    timer = setTimeout(() => over('aborted'), timers.drain)
    source?.resume()
  }

  const observe = (): void => {
    const usage = line.usage
    if (usage && usage !== observedUsageReport) {
      observedUsageReport = usage
    } else if (line.outputBytes - observedBytes < observeEvery) return
    observedBytes = line.outputBytes
    if (plan.observe(usage ?? { ...observed(), final: false }) !== 'stop' || phase !== 'open') return
    if (line.complete) return
    line.stop(usage ?? observed())
    flush()
    output?.finish()
    over('cut')
  }

  /** After every feed: look at what the line has become. */
  const pulse = (): void => {
    if (phase === 'over') return
    if (line.error) {
      fail(line.error)
      return
    }
    if (phase === 'waiting' && line.committed) {
      // The held events run through the hooks first: one that throws on them still gets a status of its own.
      line.open()
      open()
    }
    flush()
    if (phase === 'open') observe()
    if (line.progress !== lastProgress) {
      lastProgress = line.progress
      lastProgressAt = performance.now()
    } else if (performance.now() - lastProgressAt > timers.pingsOnly) {
      fail(upstreamError('timeout', 'The upstream sent nothing but keep-alives for too long.', provider))
    }
  }

  const closed = (error?: unknown): void => {
    if (isOver()) return
    if (error !== undefined) {
      if (line.complete) complete()
      else fail(faultOf(error, provider).error)
      return
    }
    guarded(() => line.end())
    if (isOver()) return
    if (phase === 'waiting') settleUncommitted()
    else if (line.complete) complete()
    else if (line.error) fail(line.error)
    else
      fail(
        upstreamError(
          'upstream_truncated',
          'The upstream closed the stream before its last frame.',
          provider,
        ),
      )
  }

  /** A stream that ended without any part is judged by its finish: a refusal may be empty, a success may not. */
  const settleUncommitted = (): void => {
    if (line.error) fail(line.error)
    else if (line.committed || (line.complete && line.finish && line.finish.reason !== 'error')) {
      guarded(() => line.open())
      if (isOver()) return
      open()
      if (line.complete) complete()
      else
        fail(
          upstreamError(
            'upstream_truncated',
            'The upstream closed the stream before its last frame.',
            provider,
          ),
        )
    } else fail(upstreamError('upstream_failed', 'The upstream answered with an empty stream.', provider))
  }

  // A function, because TypeScript would otherwise remember the phase of before a call that changes it.
  const isOver = (): boolean => phase === 'over'

  const guarded = (work: () => void): void => {
    try {
      work()
    } catch (thrown) {
      reportOwnFault(plan, thrown)
      fail(faultOf(thrown, provider).error)
    }
  }

  /** An upstream that has said its last frame may keep the connection open, but not for long. */
  let lingering = false
  const lingerOnce = (): void => {
    if (lingering) return
    lingering = true
    timer = setTimeout(() => closed(), timers.linger)
  }

  plan.signal.addEventListener('abort', gone, { once: true })
  plan.onCut((error) => fail(error))
  if (timers.commitAfter > 0) {
    timer = setTimeout(() => {
      // Balancers cut silence; from here on there is a head, keep-alives, and no fallback any more.
      open()
      guarded(() => line.open())
      if (!isOver()) line.keepAlive()
      flush()
    }, timers.commitAfter)
  }

  if (source) {
    source.on('data', (chunk: Uint8Array) => {
      guarded(() => {
        line.push(chunk)
        pulse()
      })
      if (line.complete && !isOver() && phase !== 'draining') lingerOnce()
    })
    source.on('end', () => closed())
    source.on('error', (error: unknown) => closed(error))
    source.on('close', () => {
      if (!source.readableEnded) closed(truncated('The upstream closed the connection.', provider))
    })
  }
  if (plan.signal.aborted) gone()

  return { result, pulse: () => guarded(pulse), closed }
}

function truncated(message: string, provider: string): GatewayError {
  return new GatewayError({ class: 'upstream_truncated', source: 'upstream', provider, message })
}
