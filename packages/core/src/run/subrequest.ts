import type { GenerateRequest } from '../model/index.ts'
import type { Operation, Operations } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import { runAttempts } from './attempts.ts'
import { RequestContext } from './context.ts'
import { addUsage, boundOf } from './estimate.ts'
import type { Journey } from './journey.ts'
import { priceOf, usageOf } from './settle.ts'
import { findModel, planTargets, requireTargets } from './targets.ts'
import { emptyWire } from './wire-request.ts'

/**
 * A child request under its parent's identity, hold and log: for fan-out, split batches, emulations, tools.
 * It is routed and attempted like any other, always whole; what it used is priced by its own model and charged with the parent.
 */
export async function runChild<O extends Operation>(
  journey: Journey,
  operation: O,
  request: Operations[O]['request'],
): Promise<Operations[O]['response']> {
  const { runtime, context: parent } = journey
  if (!('model' in request))
    throw new GatewayError({ class: 'unsupported', message: `A child request cannot be ${operation}.` })
  const child = new RequestContext({
    id: parent.id,
    signal: parent.signal,
    protocol: parent.protocol,
    operation,
    wire: emptyWire(parent.wire.path),
    receivedAt: parent.receivedAt,
  })
  const name = request.model || parent.model
  const plan = findModel(runtime, name, journey.group)
  const asked = {
    ...request,
    model: name,
    ...('stream' in request ? { stream: false } : {}),
  } as Operations[Operation]['request']
  child.model = plan.name
  child.source = {
    decode: () => asked,
    bound: () => boundOf(asked as GenerateRequest),
    subrequest: (next, nextRequest) => runChild(journey, next, nextRequest),
  }
  planTargets(runtime, child, plan, journey.group, false)
  requireTargets(runtime, child)
  const { result, target, state } = await runAttempts(runtime, {
    context: child,
    active: journey.active,
    clientProtocol: journey.protocol,
    targets: [...child.targets],
    wire: child.wire,
    stream: false,
    child: true,
    model: plan.name,
    request: () => asked as GenerateRequest,
  })
  parent.attempts.push(...child.attempts)
  for (const loss of state.losses) parent.report(loss)
  if (result.kind === 'failed') throw new GatewayError(result.error)
  if (result.kind !== 'whole')
    throw new GatewayError({ class: 'cancelled', message: 'The client closed the connection.' })
  child.target = target
  child.usage = usageOf(child, result.end)
  journey.childLines.push(...priceOf(runtime, child))
  journey.childUsage = journey.childUsage ? addUsage(journey.childUsage, child.usage) : child.usage
  return result.response as Operations[O]['response']
}
