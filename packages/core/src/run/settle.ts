import type { Usage } from '../model/index.ts'
import type { PriceLine } from '../contract/index.ts'
import type { HookSubject } from '../hooks/compile.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import type { AttemptEnd } from '../pump/types.ts'
import type { Ending, RequestContext } from './context.ts'
import { addUsage, isCredible, observedUsage } from './estimate.ts'
import { operationPhases } from './operations.ts'
import type { Runtime } from './runtime.ts'

/** Waits before a failed settlement is tried again, in milliseconds. */
export const defaultSettleRetries: readonly number[] = [100, 1000, 5000]

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
  context.ms = context.elapsed()
  const phases = operationPhases[context.operation]
  if (phases.log === 'access') {
    accessLine(runtime, context)
    return
  }
  // Children are priced by their own models; their tokens join the usage after the parent's own have been priced.
  if (phases.bill) context.lines = [...priceOf(runtime, context), ...children.lines]
  if (children.usage) context.usage = addUsage(context.usage, children.usage)
  runtime.tasks.add(settleAndLog(runtime, context, phases.bill))
}

/** The usage a request is charged by, from what its last attempt left. The table of the money page. */
export function usageOf(context: RequestContext, end: AttemptEnd): Usage {
  const bound = safeBound(context)
  const reported = end.usage
  const credible = reported !== undefined && isCredible(reported, bound)
  if (end.outcome === 'completed') {
    if (reported && credible) return { ...reported, final: true }
    return {
      ...observedUsage(bound.inputTokens, end.outputBytes, 'estimated'),
      ...(reported ? { suspect: 'the upstream reported numbers that cannot be true' } : {}),
    }
  }
  if (reported && credible) {
    if (reported.final) return reported
    // The upstream had told the input side only; what was delivered counts for the rest.
    const delivered = observedUsage(0, end.outputBytes, 'observed').tokens.output ?? 0
    return {
      ...reported,
      final: true,
      source: 'observed',
      tokens: { ...reported.tokens, output: Math.max(reported.tokens.output ?? 0, delivered) },
    }
  }
  // No byte was delivered and nothing reported: that never settles as a full prompt.
  if (end.outputBytes === 0) return nothing
  return observedUsage(bound.inputTokens, end.outputBytes, 'observed')
}

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
  const logs = runtime.hooks.of('log', subject)
  if (!logs) return
  await Promise.all(
    logs.map(async (hook) => {
      try {
        const made = hook.handler(context)
        if (isThenable(made)) await withDeadline(made, runtime.deadlines.log, `log of ${hook.plugin}`)
      } catch (cause) {
        runtime.logger.error(`log of ${hook.plugin} failed`, { id: context.id, cause })
      }
    }),
  )
}

/** Tries again while the store is away; what still cannot be stored is written to the log whole, never lost silently. */
async function settleOnce(
  runtime: Runtime,
  context: RequestContext,
  plugin: string,
  settle: () => unknown,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const made = settle() as PromiseLike<unknown> | undefined
      if (isThenable(made))
        await withDeadline(made, runtime.deadlines['bill.settle'], `bill.settle of ${plugin}`)
      return
    } catch (cause) {
      const wait = runtime.settleRetries[attempt]
      if (wait === undefined) {
        runtime.logger.error(`bill.settle of ${plugin} failed for good; this line is the record`, {
          id: context.id,
          model: context.model,
          outcome: context.outcome,
          usage: context.usage,
          lines: context.lines.map(readable),
          cause,
        })
        return
      }
      runtime.logger.warn(`bill.settle of ${plugin} failed, trying again in ${wait} ms`, {
        id: context.id,
        cause,
      })
      await new Promise((resolve) => setTimeout(resolve, wait))
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
