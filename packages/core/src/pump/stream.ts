import type { ByteBody } from '@gantry/wire'
import type { GatewayErrorData } from '../model/index.ts'
import type { Outcome } from '../contract/index.ts'
import { classified, faultOf, reportOwnFault, truncated, upstreamError } from './fault.ts'
import { blankFault } from './judge.ts'
import type { StreamLine } from './line.ts'
import { ownEncoderOf } from './lines.ts'
import { createObserver, createPingWatch } from './observer.ts'
import { createOutput, type Output } from './output.ts'
import { createSilentLine } from './own-words.ts'
import { type SilenceTimer, watchSilence } from './silence.ts'
import { endOf, sayError } from './stream-end.ts'
import type { AttemptEnd, AttemptPlan, AttemptResult, StreamPump } from './types.ts'

/** Bytes an upstream may send before its first output; what comes before the head has to be held. */
const mostHeld = 16 * 1024 * 1024

/** Runs one stream. `cancel` ends the request to the upstream; it is called when nobody wants its answer any more. */
export function createStreamPump(plan: AttemptPlan, cancel: () => void): StreamPump {
  const { timers } = plan.shared
  const provider = plan.provider.name
  const { promise: result, resolve: resolveResult } = Promise.withResolvers<AttemptResult>()
  const { promise: end, resolve: resolveEnd } = Promise.withResolvers<AttemptEnd>()

  const stopAt = createObserver(plan)
  const onlyPings = createPingWatch(timers.pingsOnly)
  let phase: 'waiting' | 'open' | 'draining' | 'over' = 'waiting'
  let line: StreamLine = createSilentLine(() => ownEncoderOf(plan))
  let source: ByteBody | undefined
  let relayed: boolean | undefined
  let output: Output | undefined
  let behind = false
  let held = 0
  let firstOutputAt: number | undefined
  let commitTimer: NodeJS.Timeout | undefined
  let endTimer: NodeJS.Timeout | undefined
  let keepAlive: SilenceTimer | undefined
  let drainTaken = false
  let offCut = (): void => {}
  /** What it is called when the client has left. */
  let left: Outcome = 'aborted'

  // A function, because TypeScript would otherwise remember the phase of before a call that changes it.
  const isOver = (): boolean => phase === 'over'

  const over = (outcome: Outcome, error?: GatewayErrorData): void => {
    if (phase === 'over') return
    phase = 'over'
    clearTimeout(commitTimer)
    clearTimeout(endTimer)
    keepAlive?.stop()
    plan.signal.removeEventListener('abort', gone)
    offCut()
    if (drainTaken) plan.shared.releaseDrain()
    // A stream that is over frees its socket; one that ended by itself is already closed.
    if (!source?.readableEnded) {
      source?.destroy()
      cancel()
    }
    resolveEnd(endOf(outcome, line, { error, firstOutputAt, relayed }))
  }

  const guarded = (work: () => void): void => {
    try {
      work()
    } catch (thrown) {
      reportOwnFault(plan, thrown)
      fail(faultOf(thrown, provider).error)
    }
  }

  const flush = (now = performance.now()): void => {
    // What came before the first output is held by the line.
    if (phase === 'waiting') return
    const ready = line.take()
    if (phase !== 'open' || !output || ready.length === 0) return
    let room = true
    for (const data of ready) room = output.write(data)
    if (!room) {
      behind = true
      source?.pause()
    }
    keepAlive?.wrote(now)
  }

  /** Lets the head go out. What the line held runs through the hooks first, so that one that throws still gets a status. */
  const open = (): void => {
    guarded(() => line.open())
    if (phase !== 'waiting') return
    phase = 'open'
    clearTimeout(commitTimer)
    output = createOutput(() => {
      behind = false
      source?.resume()
    }, gone)
    keepAlive = watchSilence(timers.keepAlive, ping)
    resolveResult({ kind: 'stream', body: output.stream, end })
  }

  const ping = (): void => {
    // A client that does not read needs no sign of life, and what it does not read has to be held.
    if (phase !== 'open' || behind) return
    guarded(() => line.keepAlive())
    flush()
  }

  /** Ends a stream that has begun with an error the client can read; before that, the attempt just failed. */
  const fail = (given: GatewayErrorData, sent = true): void => {
    if (phase === 'over') return
    const error = classified(plan, given)
    if (phase === 'waiting') {
      resolveResult({ kind: 'failed', error, sent })
      over('failed', error)
    } else if (phase === 'draining') over(left, error)
    else {
      const said = sayError(plan, line, error)
      flush()
      // Never a clean end without it: that would be taken for a whole answer.
      if (said) output?.finish()
      else output?.cut(new Error('The answer failed.'))
      over('failed', error)
    }
  }

  const complete = (): void => {
    flush()
    output?.finish()
    over(phase === 'draining' ? left : 'completed')
  }

  /** The client left: cancel, or drain within bounds where the provider's meter runs on. */
  const gone = (): void => {
    if (phase === 'over' || phase === 'draining') return
    const waiting = phase === 'waiting'
    if (line.complete && output?.waiting === 0) left = 'completed'
    phase = 'draining'
    clearTimeout(commitTimer)
    clearTimeout(endTimer)
    keepAlive?.stop()
    if (waiting) {
      resolveResult({ kind: 'aborted', end })
      // Opened for nobody: what a drain reads is counted and dropped, never held.
      guarded(() => line.open())
      line.take()
      if (isOver()) return
    }
    // The numbers may come after the reason; they are worth a moment also where cancelling stops the meter.
    const wanted = line.complete ? !line.usage?.final : plan.provider.cancelStopsBilling !== true
    if (!wanted || !plan.shared.takeDrain()) return over(left)
    drainTaken = true
    endTimer = setTimeout(() => over(left), line.complete ? timers.linger : timers.drain)
    source?.resume()
  }

  const observe = (): void => {
    const usage = stopAt(line)
    if (!usage || phase !== 'open') return
    line.stop(usage)
    flush()
    output?.finish()
    over('cut')
  }

  /** After every feed: look at what the line has become. */
  const pulse = (): void => {
    if (phase === 'over') return
    if (line.error) return fail(line.error)
    const now = performance.now()
    if (line.committed) firstOutputAt ??= now
    if (phase === 'waiting' && (line.committed || line.complete)) {
      const blank = line.committed ? undefined : blankFault(line.finish?.reason, provider)
      if (blank) return fail(blank)
      open()
    }
    flush(now)
    if (phase === 'open') observe()
    if (onlyPings(line, now))
      fail(upstreamError('timeout', 'The upstream sent nothing but keep-alives for too long.', provider))
    // An upstream that has said its last frame may keep the connection open, but not for long.
    if (line.complete && !isOver() && phase !== 'draining')
      endTimer ??= setTimeout(() => closed(), timers.linger)
  }

  const feed = (work: () => void): void => {
    if (phase === 'over') return
    guarded(work)
    guarded(pulse)
  }

  const closed = (error?: unknown): void => {
    if (isOver()) return
    if (error !== undefined) return line.complete ? complete() : fail(faultOf(error, provider).error)
    guarded(() => line.end())
    // What came with the end counts as any other output, and may be the first.
    if (line.error === undefined) guarded(pulse)
    if (isOver()) return
    if (line.complete) complete()
    else if (line.error) fail(line.error)
    else if (phase === 'waiting')
      fail(blankFault(undefined, provider, 'The upstream answered with an empty stream.')!)
    else fail(truncated('The upstream closed the stream before its last frame.', provider))
  }

  const attach = (to: StreamLine, from: ByteBody | undefined, bytesPass: boolean): void => {
    if (isOver()) {
      from?.destroy()
      return
    }
    line = to
    source = from
    relayed = bytesPass
    // The head is out, or nobody is there: there is nothing to wait for.
    if (phase !== 'waiting') guarded(() => line.open())
    if (!from) return
    if (behind) from.pause()
    from.on('data', (chunk: Uint8Array) => {
      if (phase === 'waiting') held += chunk.byteLength
      feed(() => line.push(chunk))
      if (phase !== 'waiting' || held <= mostHeld) return
      const message = 'The upstream sent too much before its first output.'
      fail(upstreamError('upstream_failed', message, provider))
    })
    from.on('end', () => closed())
    from.on('error', (error: unknown) => closed(error))
    from.on('close', () => {
      if (isOver() || from.readableEnded) return
      if (line.complete) complete()
      else fail(truncated('The upstream closed the connection.', provider))
    })
  }

  offCut = plan.onCut((error) => fail(error))
  plan.signal.addEventListener('abort', gone, { once: true })
  if (timers.commitAfter > 0) {
    const wait = plan.commitBy === undefined ? timers.commitAfter : plan.commitBy - performance.now()
    // Balancers cut silence; from here on there is a head, keep-alives, and no fallback any more.
    commitTimer = setTimeout(
      () => {
        open()
        ping()
      },
      Math.max(0, wait),
    )
  }
  if (plan.signal.aborted) gone()

  return {
    result,
    get isOver() {
      return isOver()
    },
    get waiting() {
      return output?.waiting ?? 0
    },
    attach,
    feed,
    closed,
    fail,
  }
}
