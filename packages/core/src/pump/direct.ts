import { defaultTimeouts } from '@gantry/wire'
import type { DirectProvider } from '../contract/index.ts'
import type { GatewayEvent } from '../model/index.ts'
import { accumulate } from '../codec/index.ts'
import { GatewayError } from '../error.ts'
import { abortable } from './abortable.ts'
import { classified, faultOf, upstreamError } from './fault.ts'
import { convertLine } from './lines.ts'
import { createStreamPump } from './stream.ts'
import type { AttemptPlan, AttemptResult } from './types.ts'
import { finishWhole } from './whole.ts'

/** Bytes held for a client that does not read; events cannot be paused, so beyond it the answer is cut. */
const mostWaiting = 16 * 1024 * 1024

/** A provider that makes events itself. There is no socket to pause and none that times out: both is done here. */
export function runDirect(plan: AttemptPlan, provider: DirectProvider): Promise<AttemptResult> {
  return plan.stream
    ? streamDirect(plan, provider)
    : abortable(plan, (signal) => wholeDirect(plan, provider, signal))
}

async function wholeDirect(
  plan: AttemptPlan,
  provider: DirectProvider,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const fold = accumulate()
  let failed: AttemptResult | undefined
  const cancel = new AbortController()
  const given = AbortSignal.any([signal, cancel.signal])
  const silence = Promise.withResolvers<never>()
  const watch = watchSilence(provider.name, (error) => {
    silence.reject(error)
    cancel.abort()
  })
  try {
    const work = Promise.resolve(
      provider.generate(
        plan.state.request,
        (event: GatewayEvent) => {
          watch.touch()
          if (event.type === 'error') failed ??= { kind: 'failed', error: event.error, sent: true }
          else fold.push(event)
        },
        given,
      ),
    )
    await Promise.race([work, silence.promise])
    const result = failed ?? finishWhole(plan, fold.response(), undefined, [])
    if (result.kind === 'whole' && result.end.usage) plan.observe(result.end.usage)
    return reclassified(plan, result)
  } catch (thrown) {
    return reclassified(plan, { kind: 'failed', ...faultOf(thrown, provider.name) })
  } finally {
    watch.stop()
  }
}

function streamDirect(plan: AttemptPlan, provider: DirectProvider): Promise<AttemptResult> {
  const cancel = new AbortController()
  const watch = watchSilence(provider.name, (error) => pump.fail(error.data))
  const pump = createStreamPump(plan, () => {
    watch.stop()
    cancel.abort()
  })
  const line = convertLine(plan, { push() {}, end() {} }, undefined)
  pump.attach(line, undefined, false)
  const emit = (event: GatewayEvent): void => {
    // A provider that heeds no signal goes on talking; nobody listens.
    if (pump.isOver) return
    watch.touch()
    pump.feed(() => line.emit(event))
    if (pump.waiting <= mostWaiting) return
    const message = 'The client reads too slowly.'
    pump.fail(new GatewayError({ class: 'timeout', code: 'slow_reader', message, retryable: false }).data)
  }
  Promise.resolve()
    .then(() => (pump.isOver ? undefined : provider.generate(plan.state.request, emit, cancel.signal)))
    .then(
      () => pump.closed(),
      (error: unknown) => pump.closed(error ?? new Error('The provider failed without a reason.')),
    )
  return pump.result
}

/** The timers that a socket would have: until the first event, between two, and in all. */
function watchSilence(
  provider: string,
  onSilence: (error: GatewayError) => void,
): { touch(): void; stop(): void } {
  const startedAt = performance.now()
  let touchedAt: number | undefined
  const check = (): void => {
    const now = performance.now()
    const silent = touchedAt === undefined ? defaultTimeouts.firstByte : defaultTimeouts.idle
    const left = Math.min((touchedAt ?? startedAt) + silent, startedAt + defaultTimeouts.total) - now
    if (left > 1) timer = setTimeout(check, left)
    else
      onSilence(new GatewayError(upstreamError('timeout', 'The provider was silent for too long.', provider)))
  }
  let timer = setTimeout(check, defaultTimeouts.idle)
  return {
    touch() {
      touchedAt = performance.now()
    },
    stop() {
      clearTimeout(timer)
    },
  }
}

function reclassified(plan: AttemptPlan, result: AttemptResult): AttemptResult {
  return result.kind === 'failed' ? { ...result, error: classified(plan, result.error) } : result
}
