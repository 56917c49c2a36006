import type { Usage } from '../model/index.ts'
import type { PriceLine, RequestBound } from '../contract/index.ts'
import type { HookSubject } from '../hooks/compile.ts'
import type { OrderedHook } from '../hooks/order.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import type { AttemptEnd } from '../pump/types.ts'
import type { Ending, RequestContext } from './context.ts'
import { addUsage, isCredible, observedUsage, usageSoFar } from './estimate.ts'
import { freezeBill } from './freeze.ts'
import { operationPhases } from './operations.ts'
import type { Runtime } from './runtime.ts'

/** Waits before a failed settlement is tried again, in milliseconds. */
export const defaultSettleRetries: readonly number[] = [100, 1000, 5000]

/** What a settlement that comes after the last call still gets. */
const lastTry = 1_000

const nothing: Usage = { tokens: {}, source: 'none', final: true }

/** What the child requests of a request cost. */
export interface ChildCosts {
  readonly lines: readonly PriceLine[]
  readonly usage: Usage | undefined
}

/** Money and log of one request: called once, whatever happened. The work goes on in the task set. */
export function finishRequest(
  runtime: Runtime,
  context: RequestContext,
  ending: Ending,
  children: ChildCosts,
): void {
  context.outcome = ending.outcome
  context.status = ending.status
  context.usage = ending.usage
  if (ending.finish) context.finish = ending.finish
  if (ending.error) context.error = ending.error
  if (ending.target) context.target = ending.target
  const phases = operationPhases[context.operation]
  if (phases.log === 'access') {
    accessLine(runtime, context)
    return
  }
  // Children are priced by their own models; their tokens join the usage after the parent's own have been priced.
  if (phases.bill) context.lines = [...priceOf(runtime, context), ...children.lines]
  if (children.usage) context.usage = addUsage(context.usage, children.usage)
  // The account of what happened: those who settle and log it read it, nobody edits it.
  freezeBill(context.usage, context.lines)
  Object.freeze(context)
  const { tracer } = runtime.shared
  const settled = settleAndLog(runtime, context, phases.bill)
  runtime.tasks.add(tracer ? settled.finally(() => tracer.finish(context)) : settled)
}

/** The usage a request is charged by, from what its last attempt left. The table of the money page. */
export function usageOf(context: RequestContext, end: AttemptEnd): Usage {
  const reported = end.usage
  const credible = reported !== undefined && isPlausible(context, reported)
  if (end.outcome === 'completed') {
    if (reported && credible) return { ...reported, final: true }
    return {
      ...observedUsage(safeBound(context).inputTokens, end.outputBytes, 'estimated'),
      ...(reported ? { suspect: 'the upstream reported numbers that cannot be true' } : {}),
    }
  }
  if (reported && credible) return { ...usageSoFar(reported, end.outputBytes), final: true }
  // No byte was delivered and nothing reported: that never settles as a full prompt.
  if (end.outputBytes === 0) return nothing
  return observedUsage(safeBound(context).inputTokens, end.outputBytes, 'observed')
}

/** The same, whatever a provider or a codec has left there: a request that cannot be counted is still settled. */
export function safeUsage(runtime: Runtime, context: RequestContext, end: AttemptEnd): Usage {
  try {
    return usageOf(context, end)
  } catch (cause) {
    runtime.logger.error('the usage of a request cannot be read', { id: context.id, cause })
    return { ...nothing, suspect: 'the usage cannot be read' }
  }
}

/** Numbers that every request may have need no bound, so that a relayed request is not decoded for nothing. */
function isPlausible(context: RequestContext, usage: Usage): boolean {
  return isCredible(usage, leastBound) || isCredible(usage, safeBound(context))
}

const leastBound: RequestBound = { inputTokens: 0, maxOutputTokens: 0, stream: false }

/** The bound, or one by bytes when the body does not decode. */
export function safeBound(context: RequestContext): ReturnType<RequestContext['bound']> {
  try {
    return context.bound()
  } catch {
    return {
      inputTokens: observedUsage(0, context.wire.body.byteLength, 'observed').tokens.output ?? 0,
      stream: context.stream,
    }
  }
}

/** Price lines of what was used, by the pricing rules in plugin order. */
export function priceOf(runtime: Runtime, context: RequestContext): readonly PriceLine[] {
  if (context.usage.source === 'none') return []
  try {
    return runtime.host.price({
      moment: 'settle',
      operation: context.operation,
      model: context.model,
      ...(context.target ? { target: context.target } : {}),
      usage: context.usage,
      at: context.receivedAt,
      peek: (key) => context.peek(key),
    })
  } catch (cause) {
    runtime.logger.error('a pricing rule failed at settlement', {
      id: context.id,
      model: context.model,
      cause,
    })
    return []
  }
}

function subjectOf(context: RequestContext): HookSubject {
  return {
    protocol: context.protocol,
    operation: context.operation,
    ...(context.model ? { model: context.model } : {}),
    ...(context.target ? { provider: context.target.provider } : {}),
  }
}

async function settleAndLog(runtime: Runtime, context: RequestContext, bill: boolean): Promise<void> {
  const subject = subjectOf(context)
  if (bill) {
    for (const hook of runtime.hooks.of('bill.settle', subject) ?? []) {
      await settleOnce(runtime, context, hook.plugin, () => hook.handler(context))
    }
  }
  const slow = (runtime.hooks.of('log', subject) ?? [])
    .map((hook) => logOnce(runtime, context, hook))
    .filter((logging) => logging !== undefined)
  if (slow.length > 0) await Promise.all(slow)
}

/** Never fails: nobody waits for a log line. A promise only where the hook makes one. */
function logOnce(
  runtime: Runtime,
  context: RequestContext,
  { handler, plugin }: OrderedHook<'log'>,
): Promise<void> | undefined {
  const who = `log of ${plugin}`
  const failed = (cause: unknown): void => runtime.logger.error(`${who} failed`, { id: context.id, cause })
  try {
    const made = handler(context)
    return isThenable(made) ? withDeadline(made, runtime.deadlines.log, who).catch(failed) : undefined
  } catch (cause) {
    failed(cause)
    return undefined
  }
}

/**
 * Tries again while the store is away; what still cannot be stored is written to the log whole, never lost silently.
 * At the last call there is no time for another try: the line is written while somebody still reads it.
 */
async function settleOnce(
  runtime: Runtime,
  context: RequestContext,
  plugin: string,
  settle: () => unknown,
): Promise<void> {
  const who = `bill.settle of ${plugin}`
  for (let attempt = 0; ; attempt++) {
    try {
      const made = settle() as PromiseLike<unknown> | undefined
      const { deadlines, lastCall } = runtime
      const ms = lastCall.isOver ? Math.min(lastTry, deadlines['bill.settle']) : deadlines['bill.settle']
      if (isThenable(made)) await lastCall.orElse(withDeadline(made, ms, who))
      return
    } catch (cause) {
      const wait = runtime.lastCall.isOver ? undefined : runtime.settleRetries[attempt]
      if (wait === undefined) {
        runtime.logger.error(`${who} failed for good; this line is the record`, {
          id: context.id,
          model: context.model,
          outcome: context.outcome,
          usage: context.usage,
          lines: context.lines.map(readable),
          cause,
        })
        return
      }
      runtime.logger.warn(`${who} failed, trying again in ${wait} ms`, { id: context.id, cause })
      const slept = Promise.withResolvers<void>()
      const timer = setTimeout(slept.resolve, wait)
      await runtime.lastCall.orElse(slept.promise).catch(() => {})
      clearTimeout(timer)
    }
  }
}

function readable(line: PriceLine): object {
  return {
    ...line,
    quantity: String(line.quantity),
    unitPrice: String(line.unitPrice),
    ratios: line.ratios.map(String),
  }
}

function accessLine(runtime: Runtime, context: RequestContext): void {
  runtime.logger.info('request', {
    id: context.id,
    operation: context.operation,
    protocol: context.protocol,
    status: context.status,
    ms: Math.round(context.ms),
    ...(context.clientRequestId ? { clientRequestId: context.clientRequestId } : {}),
  })
}
