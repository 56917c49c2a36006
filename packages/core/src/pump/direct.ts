import type { DirectProvider } from '../contract/index.ts'
import type { GatewayEvent } from '../model/index.ts'
import { accumulate } from '../codec/index.ts'
import { faultOf } from './fault.ts'
import { convertLine } from './lines.ts'
import { pumpStream } from './stream.ts'
import type { AttemptPlan, AttemptResult } from './types.ts'
import { finishWhole } from './whole.ts'

/** A provider that makes events itself. There is no socket to pause, so its events are as fast as it is. */
export async function runDirect(plan: AttemptPlan, provider: DirectProvider): Promise<AttemptResult> {
  const cancel = new AbortController()
  const request = plan.state.request
  if (!plan.stream) {
    const fold = accumulate()
    let failed: AttemptResult | undefined
    const gone = (): void => cancel.abort()
    plan.signal.addEventListener('abort', gone, { once: true })
    try {
      await provider.generate(
        request,
        (event: GatewayEvent) => {
          if (event.type === 'error') failed = { kind: 'failed', error: event.error, sent: true }
          else fold.push(event)
        },
        cancel.signal,
      )
      return failed ?? finishWhole(plan, fold.response(), undefined, [])
    } catch (thrown) {
      return { kind: 'failed', ...faultOf(thrown, provider.name) }
    } finally {
      plan.signal.removeEventListener('abort', gone)
    }
  }
  const line = convertLine(plan, { push() {}, end() {} }, undefined)
  const pumped = pumpStream(plan, line, undefined, false)
  void pumped.result.then((result) => {
    if (result.kind === 'aborted') void result.end.then(() => cancel.abort())
    if (result.kind === 'stream') result.body.once('close', () => cancel.abort())
  })
  const emit = (event: GatewayEvent): void => {
    line.emit(event)
    pumped.pulse()
  }
  Promise.resolve()
    .then(() => provider.generate(request, emit, cancel.signal))
    .then(
      () => pumped.closed(),
      (error: unknown) => pumped.closed(error ?? new Error('The provider failed without a reason.')),
    )
  return pumped.result
}
