import type { GatewayErrorData, GenerateRequest } from '../model/index.ts'
import type { ServerCodec } from '../contract/index.ts'
import type { ModelPlan, PlannedTarget } from '../config/blueprint.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import { noEndpoint } from '../pump/fault.ts'
import { requireActive, unlessCut } from './active.ts'
import { lossHeader } from './answer.ts'
import { estimateInput } from './estimate.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import type { Runtime } from './runtime.ts'
import { mayServe } from './targets.ts'

/** Milliseconds that a counter gets, whatever it promised; then the estimate is by bytes. */
const longestCount = 10_000

/** Whether the count has to be made here: the model is there for this key, and no wire to it can be asked for one. */
export function countsHere(journey: Journey, plan: ModelPlan): boolean {
  const { route, context } = journey
  if (route.operation !== 'countTokens' || context.targets.length > 0) return false
  return readerOf(journey, plan) !== undefined
}

/** Whether the count has to be made here after all: the host speaks the wire and does not count. */
export function isUncounted({ route }: Journey, error: GatewayErrorData): boolean {
  return route.operation === 'countTokens' && error.code === noEndpoint
}

/** Answers with our own estimate, which is logged as one and costs nothing. */
export async function countHere(journey: Journey, plan: ModelPlan): Promise<Answer> {
  const { runtime, context, active } = journey
  const codec = journey.protocol.server!.codecs.countTokens as ServerCodec<'countTokens'>
  const request = context.decode() as GenerateRequest
  const model = readerOf(journey, plan)?.model ?? plan.name
  const { tokens, by } = await unlessCut(active, estimate(runtime, request, model, context.signal))
  requireActive(active)
  const note = 'estimated by the gateway'
  context.report({ pointer: '', what: 'tokens', how: 'approximated', target: by, note })
  const body = codec.encodeResponse(
    { tokens },
    { wire: context.wire, request, requestId: context.id, report: (loss) => context.report(loss) },
  )
  const header = plan.entry.loss === 'allow' ? undefined : runtime.headerName('loss')
  journey.finish({
    outcome: 'completed',
    status: 200,
    usage: { tokens: { input: tokens }, source: 'estimated', final: true },
  })
  return {
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(header ? { [header]: lossHeader(context.losses).trimEnd() } : {}),
    },
    body: JSON.stringify(body),
  }
}

// ---

/** Who would read the request, could it be asked to count. */
function readerOf({ group }: Journey, plan: ModelPlan): PlannedTarget | undefined {
  return plan.targets.find(
    (one, index) => (!group?.providers || group.providers.has(one.provider)) && mayServe(plan, one, index),
  )
}

async function estimate(
  runtime: Runtime,
  request: GenerateRequest,
  model: string,
  signal: AbortSignal,
): Promise<{ readonly tokens: number; readonly by: string }> {
  const counter = runtime.blueprint.slots.tokens.values().next().value
  if (!counter) return { tokens: estimateInput(request), by: 'bytes' }
  try {
    const made = counter.count(request, model, signal)
    const who = `count of ${counter.name}`
    const tokens = isThenable(made) ? await withDeadline(made, longestCount, who) : made
    if (Number.isSafeInteger(tokens) && tokens >= 0) return { tokens, by: counter.name }
    runtime.logger.warn('a token counter gave no count', { counter: counter.name, tokens })
  } catch (cause) {
    if (!signal.aborted) runtime.logger.warn('a token counter failed', { counter: counter.name, cause })
  }
  return { tokens: estimateInput(request), by: 'bytes' }
}
