import type { GenerateRequest } from '../model/index.ts'
import type { Operation, Operations } from '../contract/index.ts'
import type { AttemptEnd } from '../pump/types.ts'
import { GatewayError } from '../error.ts'
import { requireActive } from './active.ts'
import { runAttempts, type AttemptsResult } from './attempts.ts'
import { RequestContext } from './context.ts'
import { addUsage, boundOf } from './estimate.ts'
import { freezeRequest } from './freeze.ts'
import type { Journey } from './journey.ts'
import { requireLossless } from './loss-policy.ts'
import { operationPhases } from './operations.ts'
import { runEarly } from './phase.ts'
import { priceOf, safeUsage } from './settle.ts'
import { findModel, planTargets, requireTargets } from './targets.ts'
import { emptyWire } from './wire-request.ts'

/** Children of children of a request: a hook that asks a side question runs for the side question too. */
const mostDepth = 4

/** Children of one request in all. */
const mostChildren = 1000

/**
 * A child request under its parent's identity, hold and log: for fan-out, split batches, emulations, tools.
 * It is routed and attempted like any other, always whole; what it used is priced by its own model and charged with
 * the parent, whether or not anybody waits for its answer.
 */
export function runChild<O extends Operation>(
  journey: Journey,
  parent: RequestContext,
  depth: number,
  operation: O,
  request: Operations[O]['request'],
): Promise<Operations[O]['response']> {
  const answered = Promise.withResolvers<Operations[O]['response']>()
  const work = run(journey, parent, depth, operation, request, (answer) => answered.resolve(answer))
  // The costs of a child may come after its answer: of one whose client has left, when its drain is over.
  journey.children.add(work)
  void work.then(
    () => journey.children.delete(work),
    (error: unknown) => {
      journey.children.delete(work)
      answered.reject(error)
    },
  )
  return answered.promise
}

async function run<O extends Operation>(
  journey: Journey,
  parent: RequestContext,
  depth: number,
  operation: O,
  request: Operations[O]['request'],
  answer: (response: Operations[O]['response']) => void,
): Promise<void> {
  const { runtime, active } = journey
  admit(journey, depth, operation, request)
  requireActive(active)
  const asked = childRequest(request, parent.model)
  const plan = findModel(runtime, asked.model, journey.group)
  const child = new RequestContext({
    id: parent.id,
    signal: parent.signal,
    protocol: parent.protocol,
    operation,
    wire: emptyWire(parent.wire.path),
    receivedAt: parent.receivedAt,
    ...(parent.remoteAddress === undefined ? {} : { remoteAddress: parent.remoteAddress }),
    parent,
  })
  child.model = plan.name
  child.source = {
    decode: () => asked as Operations[Operation]['request'],
    bound: () => boundOf(asked),
    subrequest: (next, nextRequest) => runChild(journey, child, depth + 1, next, nextRequest),
  }
  try {
    planTargets(runtime, child, plan, journey.group, false)
    if (operationPhases[operation].route) {
      const subject = { protocol: child.protocol, operation, model: plan.name }
      // A cache that answers with a Response speaks to clients; a child is asked for the answer itself.
      await (await runEarly(runtime, 'route', child, subject))?.body?.cancel()
    }
    requireTargets(runtime, child)
    if (plan.entry.loss === 'strict') requireLossless(runtime, child, true)
    Object.freeze(child.targets)
    const made = await runAttempts(runtime, {
      context: child,
      active,
      clientProtocol: journey.protocol,
      targets: child.targets,
      wire: child.wire,
      stream: false,
      child: true,
      model: plan.name,
      request: () => asked as GenerateRequest,
    })
    await finish(journey, child, made, answer)
  } finally {
    child.unlink()
  }
}

function admit(journey: Journey, depth: number, operation: Operation, request: object): void {
  const fault = (message: string, code: string): GatewayError =>
    new GatewayError({ class: 'internal', code, message: `A plugin asked for a subrequest ${message}.` })
  if (!('model' in request))
    throw new GatewayError({ class: 'unsupported', message: `A child request cannot be ${operation}.` })
  if (journey.isFinished) throw fault('of a request that is over', 'subrequest_too_late')
  if (!journey.mayAsk) throw fault('before money was held', 'subrequest_too_early')
  if (depth > mostDepth) throw fault(`within ${mostDepth} others`, 'subrequest_too_deep')
  if (++journey.childCount > mostChildren) throw fault(`after ${mostChildren} others`, 'subrequest_too_many')
}

/** Always whole; without a name it asks the model of its parent. */
function childRequest(request: object, fallback: string): GenerateRequest {
  const given = request as GenerateRequest
  return freezeRequest({
    ...given,
    model: given.model || fallback,
    ...('stream' in given ? { stream: false } : {}),
  })
}

/** Notes what a child cost, then gives its answer, or throws what it failed with. */
async function finish<O extends Operation>(
  journey: Journey,
  child: RequestContext,
  { result, target, state }: AttemptsResult,
  answer: (response: Operations[O]['response']) => void,
): Promise<void> {
  const { runtime, context } = journey
  context.attempts.push(...child.attempts)
  for (const loss of state.losses) context.report(loss)
  if (result.kind === 'failed') throw new GatewayError(result.error)
  child.target = target
  const end: AttemptEnd = await result.end
  child.usage = safeUsage(runtime, child, end)
  journey.childLines.push(...priceOf(runtime, child))
  journey.childUsage = journey.childUsage ? addUsage(journey.childUsage, child.usage) : child.usage
  if (result.kind === 'whole') return answer(result.response as Operations[O]['response'])
  throw new GatewayError({ class: 'cancelled', message: 'The client closed the connection.' })
}
