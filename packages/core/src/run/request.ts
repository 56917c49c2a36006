import type { GenerateRequest, Loss } from '../model/index.ts'
import type { Operation, Operations, RequestBound, ServerCodec } from '../contract/index.ts'
import { GatewayError, toErrorData } from '../error.ts'
import { group as groupKey } from '../keys.ts'
import type { GroupPlan, ModelPlan } from '../config/blueprint.ts'
import type { AttemptEnd } from '../pump/types.ts'
import { requireActive, unlessCut } from './active.ts'
import { answerHeaders, type AnswerFacts } from './answer.ts'
import { runAttempts } from './attempts.ts'
import type { RequestContext } from './context.ts'
import { countHere, countsHere, isUncounted } from './count-tokens.ts'
import { emulatedBound, emulateSafely, emulationOf } from './emulate.ts'
import { boundOf } from './estimate.ts'
import type { Answer, Incoming, KernelRoute } from './exchange.ts'
import { freezeRequest } from './freeze.ts'
import { answerWith } from './hook-response.ts'
import { beginJourney, type Journey } from './journey.ts'
import { requireLossless } from './loss-policy.ts'
import { recall, type Remembering } from './memory.ts'
import { answerModels } from './models.ts'
import { operationPhases } from './operations.ts'
import { requireIdentity, runEarly } from './phase.ts'
import { refuse } from './refuse.ts'
import type { Runtime } from './runtime.ts'
import { safeUsage } from './settle.ts'
import { answerStored } from './stored.ts'
import { runChild } from './subrequest.ts'
import { findModel, planTargets, requireTargets } from './targets.ts'
import { createWire } from './wire-request.ts'

/** Runs one request through its phases. Never rejects. */
export async function runRequest(runtime: Runtime, route: KernelRoute, incoming: Incoming): Promise<Answer> {
  const journey = beginJourney(runtime, route, incoming, createWire(incoming))
  try {
    if (runtime.refusal) throw new GatewayError(runtime.refusal)
    return await walk(journey, incoming)
  } catch (thrown) {
    if (!GatewayError.is(thrown))
      runtime.logger.error('a request failed in the gateway', { id: journey.context.id, cause: thrown })
    return refuse(journey, toErrorData(thrown), 'refused')
  }
}

/** Runs auth for a connection, so that nobody without a key gets one. Each request on it runs its own. Never rejects. */
export async function admitConnection(
  runtime: Runtime,
  route: KernelRoute,
  incoming: Incoming,
): Promise<Answer | undefined> {
  const journey = beginJourney(runtime, { ...route, operation: 'connect' }, incoming, createWire(incoming))
  const { context } = journey
  const subject = { protocol: route.protocol, operation: 'connect' } as const
  try {
    if (runtime.refusal) throw new GatewayError(runtime.refusal)
    const answered = await runEarly(runtime, 'auth', context, subject)
    if (answered) return await answerWith(journey, answered)
    requireIdentity(runtime, context, subject)
    journey.finish({ outcome: 'completed', status: 101, usage: { tokens: {}, source: 'none', final: true } })
    return undefined
  } catch (thrown) {
    return refuse(journey, toErrorData(thrown), 'refused')
  }
}

async function walk(journey: Journey, incoming: Incoming): Promise<Answer> {
  const { runtime, route, context, active } = journey
  const phases = operationPhases[route.operation]
  const subject = { protocol: route.protocol, operation: route.operation }
  const authorising = runEarly(runtime, 'auth', context, subject)
  const authorised = authorising && (await authorising)
  if (authorised) return answerWith(journey, authorised)
  requireIdentity(runtime, context, subject)
  journey.group = groupOf(runtime, context)
  if (route.operation === 'listModels') return answerModels(journey)
  if (route.operation === 'stored') return answerStored(journey)

  requireActive(active)
  journey.wire.open(await unlessCut(active, incoming.body()))
  if (incoming.whole) {
    journey.wire.replace(incoming.whole)
    journey.hold(journey.wire.body.byteLength)
  }
  requireActive(active)
  const memory = route.operation === 'generate' ? journey.protocol.server?.memory : undefined
  const remembering = memory && (await unlessCut(active, recall(journey, memory)))
  requireActive(active)
  const codec = journey.protocol.server!.codecs[route.operation] as ServerCodec<Operation>
  const asked = askedModel(context)
  const fallback = runtime.blueprint.config.defaultModel
  const name = asked || fallback
  if (!name)
    throw new GatewayError({
      class: 'invalid_request',
      param: 'model',
      message: 'The request names no model, and no default model is configured.',
    })
  const plan = findModel(runtime, name, journey.group)
  context.model = plan.name
  context.stream = route.operation === 'generate' && context.wire.json()['stream'] === true
  context.source = contextSource(journey, codec, plan)
  planTargets(runtime, context, plan, journey.group, !asked)
  if (countsHere(journey, plan)) return countHere(journey, plan)
  const routed = { ...subject, model: plan.name }
  if (phases.route) {
    const routing = runEarly(runtime, 'route', context, routed)
    const cached = routing && (await routing)
    if (cached) return answerWith(journey, cached)
  }
  requireTargets(runtime, context)
  if (plan.entry.loss === 'strict') requireLossless(runtime, context)
  // Decided: what follows may read the targets, and no more.
  Object.freeze(context.targets)
  requireActive(active)
  if (phases.bill) {
    const replayed = await runEarly(runtime, 'bill.reserve', context, routed)
    if (replayed) return answerWith(journey, replayed)
  }
  requireActive(active)
  journey.mayAsk = true
  const emulation = emulationOf(journey)
  const answer = await (emulation
    ? emulateSafely(journey, plan, emulation, remembering)
    : attempt(journey, plan, remembering))
  return remembering ? remembering.keep(answer) : answer
}

async function attempt(
  journey: Journey,
  plan: ModelPlan,
  remembering: Remembering | undefined,
): Promise<Answer> {
  const { runtime, context } = journey
  const { sent } = journey.wire
  const { result, target, state } = await runAttempts(runtime, {
    context,
    active: journey.active,
    clientProtocol: journey.protocol,
    targets: [...context.targets],
    wire: context.wire,
    ...(sent ? { sent } : {}),
    ...(remembering ? { kept: remembering.isKept } : {}),
    stream: context.stream,
    child: false,
    model: plan.name,
    ...(plan.entry.echo === 'asked' ? { echo: plan.name } : {}),
    request: () => context.decode() as GenerateRequest,
  })
  if (result.kind === 'failed' && isUncounted(journey, result.error)) return countHere(journey, plan)
  context.target = target
  const policy = plan.entry.loss ?? 'warn'
  const end = (final: AttemptEnd, status: number, extra: readonly Loss[] = []): void => {
    for (const loss of [...state.losses, ...extra]) context.report(loss)
    if (final.relayed !== undefined) context.relayed = final.relayed
    journey.finish({
      outcome: final.outcome,
      status,
      target,
      usage: safeUsage(runtime, context, final),
      ...(final.finish ? { finish: final.finish } : {}),
      ...(final.error ? { error: final.error } : {}),
    })
  }
  if (result.kind === 'failed')
    return refuse(journey, result.error, result.error.source === 'upstream' ? 'failed' : 'refused')
  if (result.kind === 'aborted') {
    runtime.tasks.add(result.end.then((final) => end(final, 499)))
    return { status: 499, headers: {} }
  }
  const whole = result.kind === 'whole' ? result.losses : []
  const facts: AnswerFacts = {
    target,
    asked: plan.name,
    losses: policy === 'allow' ? [] : [...state.losses, ...whole],
  }
  const headers = answerHeaders(runtime, facts, result.kind === 'stream')
  if (result.kind === 'whole') end(result.end, 200, whole)
  else runtime.tasks.add(result.end.then((final) => end(final, 200)))
  return { status: 200, headers, body: result.body }
}

function groupOf(runtime: Runtime, context: RequestContext): GroupPlan | undefined {
  const fallback = runtime.blueprint.config.defaultGroup
  if (context.peek(groupKey) === undefined && fallback) context.set(groupKey, fallback)
  const name = context.peek(groupKey)
  if (runtime.blueprint.groups.size === 0) return undefined
  const plan = name === undefined ? undefined : runtime.blueprint.groups.get(name)
  if (plan) return plan
  throw new GatewayError({
    class: 'permission',
    code: 'group_not_available',
    message: 'The group of this key does not exist any more.',
  })
}

function askedModel(context: RequestContext): string {
  const found = context.wire.params['model'] ?? context.wire.json()['model']
  if (found === undefined || found === null) return ''
  if (typeof found === 'string') return found
  throw new GatewayError({
    class: 'invalid_request',
    param: 'model',
    message: `"model" has to be a string, not ${typeof found}.`,
  })
}

function contextSource(
  journey: Journey,
  codec: ServerCodec<Operation>,
  plan: ModelPlan,
): RequestContext['source'] & object {
  const { context } = journey
  let decoded: Operations[Operation]['request'] | undefined
  let bound: RequestBound | undefined
  const decode = (): Operations[Operation]['request'] => {
    if (!decoded) {
      const made = codec.decodeRequest(context.wire)
      decoded = freezeRequest('model' in made && made.model === '' ? { ...made, model: plan.name } : made)
    }
    return decoded
  }
  return {
    decode,
    // Asked anew: hooks may still change the targets, and it depends on them.
    bound: () => emulatedBound(journey, (bound ??= boundOf(decode() as GenerateRequest))),
    subrequest: (operation, request) => runChild(journey, context, 1, operation, request),
  }
}
