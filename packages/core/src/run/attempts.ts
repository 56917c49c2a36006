import type { GatewayErrorData, GenerateRequest, Usage } from '../model/index.ts'
import type { AttemptOutcome, EventTransform, Protocol, Target, WireRequest } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { HookSubject } from '../hooks/compile.ts'
import { runAttempt } from '../pump/attempt.ts'
import type { AttemptEnd, AttemptPlan, AttemptResult } from '../pump/types.ts'
import type { ActiveRequest } from './active.ts'
import { AttemptState } from './attempt-context.ts'
import type { RequestContext } from './context.ts'
import { runSync } from './phase.ts'
import { credentialTrouble, requestFaults } from './public-error.ts'
import type { Runtime } from './runtime.ts'
import { safeBound } from './settle.ts'
import { holdsState, isStale, leaveStateOut } from './stale-state.ts'
import { eventTransforms, hookFailed, transformRequest } from './transforms.ts'

/** Attempts of one request at most, whatever hooks say. */
const maxAttempts = 3

/** What the attempt loop needs to know of a request. */
export interface AttemptsInput {
  readonly context: RequestContext
  readonly active: ActiveRequest
  readonly clientProtocol: Protocol
  readonly targets: readonly Target[]
  readonly wire: WireRequest
  /** The request as it arrived, where an earlier answer was put in front of it. */
  readonly sent?: WireRequest
  /** Whether the answer is kept for later requests. */
  readonly kept?: boolean
  readonly stream: boolean
  readonly child: boolean
  readonly echo?: string
  readonly model: string
  request(): GenerateRequest
}

/** The loop's result: the attempt that decided, and its state. */
export interface AttemptsResult {
  readonly result: AttemptResult
  readonly target: Target
  readonly state: AttemptState
}

/**
 * Tries targets in order until one commits. Retries only while no byte of the answer has reached the client;
 * never the same target twice, except where nothing was sent and a plugin asks for it.
 */
export async function runAttempts(runtime: Runtime, input: AttemptsInput): Promise<AttemptsResult> {
  const { context } = input
  const { commitAfter } = runtime.shared.timers
  const commitBy = performance.now() + commitAfter
  let index = 0
  let withoutState = false
  for (let attempt = 1; ; attempt++) {
    const target = input.targets[index]!
    const subject: HookSubject = {
      protocol: context.protocol,
      operation: context.operation,
      provider: target.provider,
      model: input.model,
    }
    const state = new AttemptState(context, target, attempt, input.request)
    const report = startRecord(runtime, subject, state)
    const result = await tryTarget(runtime, input, state, subject, commitBy, withoutState)
    if (result.kind === 'whole') report(true, { ...result.end, firstOutputAt: performance.now() })
    if (result.kind === 'stream' || result.kind === 'aborted') {
      // How a stream went is known at its end: what it used, and whether it broke.
      const end = result.end.then((final) => {
        report(result.kind === 'stream', final)
        return final
      })
      return { result: { ...result, end }, target, state }
    }
    if (result.kind !== 'failed') return { result, target, state }
    const { error, sent } = result
    const decision = report(false, { error }, sent)
    logFailure(runtime, context, target, error)
    if (context.signal.aborted || input.active.ended) return { result, target, state }
    // It cost nothing, and says nothing about the target: the same one is asked once more.
    if (
      !withoutState &&
      attempt < maxAttempts &&
      decision !== 'stop' &&
      isStale(error) &&
      mayLeaveOut(state)
    ) {
      withoutState = true
      continue
    }
    const next = nextIndex(runtime, input, index, attempt, sent, error, decision)
    if (next === undefined) return { result, target, state }
    index = next
  }
}

function mayLeaveOut({ operation, request }: AttemptState): boolean {
  return operation === 'generate' && holdsState(request)
}

/** Notes an attempt, and completes the note and tells the route phase when it is over. */
function startRecord(
  runtime: Runtime,
  subject: HookSubject,
  state: AttemptState,
): (
  committed: boolean,
  end: Pick<AttemptEnd, 'error' | 'usage' | 'firstOutputAt'>,
  sent?: boolean,
) => 'retry' | 'next' | 'stop' | undefined {
  const { base: context, target } = state
  const started = performance.now()
  const place = context.attempts.push({ target, ms: 0 }) - 1
  return (committed, { error, usage, firstOutputAt }, sent = true) => {
    const ms = performance.now() - started
    context.attempts[place] = { target, ms, ...(error ? { error } : {}) }
    if (firstOutputAt !== undefined) context.firstOutputMs ??= firstOutputAt - context.started
    const outcome: AttemptOutcome = {
      committed,
      ms,
      sent,
      ...(error ? { error } : {}),
      ...(firstOutputAt === undefined ? {} : { firstOutputMs: firstOutputAt - started }),
      ...(usage ? { usage } : {}),
    }
    const answer = runSync(
      runtime,
      'route.outcome',
      subject,
      state.id,
      (handler) => handler(state, outcome),
      'stop',
    )
    return answer ?? undefined
  }
}

function nextIndex(
  runtime: Runtime,
  input: AttemptsInput,
  index: number,
  attempt: number,
  sent: boolean,
  error: GatewayErrorData,
  decision: 'retry' | 'next' | 'stop' | undefined,
): number | undefined {
  if (attempt >= maxAttempts || decision === 'stop') return undefined
  const target = input.targets[index]!
  const provider = runtime.blueprint.slots.provider.get(target.provider)
  const mayRepeat = provider !== undefined && 'retryAfterSent' in provider && provider.retryAfterSent === true
  // A request that was sent and timed out may be running there still: sending it again may pay for it twice.
  if (sent && error.class === 'timeout' && !mayRepeat) return undefined
  if (decision === 'retry' && !sent) return index
  const another = index + 1 < input.targets.length ? index + 1 : undefined
  if (decision === 'next') return another
  return error.retryable || mayTryAnother(error) ? another : undefined
}

/** Errors that say nothing about the request: another credential or another wire may do. */
function mayTryAnother(error: GatewayErrorData): boolean {
  if (error.source === 'upstream') return credentialTrouble.includes(error.class)
  return error.class === 'unsupported'
}

async function tryTarget(
  runtime: Runtime,
  input: AttemptsInput,
  state: AttemptState,
  subject: HookSubject,
  commitBy: number,
  withoutState: boolean,
): Promise<AttemptResult> {
  const provider = runtime.blueprint.slots.provider.get(state.target.provider)!
  let transforms: readonly EventTransform[]
  try {
    if (withoutState) leaveStateOut(state)
    const transforming = transformRequest(runtime, state, subject)
    if (transforming) await transforming
    if (input.active.ended) return { kind: 'failed', error: input.active.ended, sent: false }
    // Nothing is sent for a client that left while hooks ran.
    if (input.context.signal.aborted)
      return { kind: 'aborted', end: Promise.resolve({ outcome: 'aborted', outputBytes: 0 }) }
    transforms = eventTransforms(runtime, state, subject)
  } catch (thrown) {
    const error = GatewayError.is(thrown) ? thrown.data : hookFailed()
    return { kind: 'failed', error: { ...error, retryable: false }, sent: false }
  }
  const upstreamProtocol = runtime.protocol(state.target.protocol)
  const plan: AttemptPlan = {
    shared: runtime.shared,
    state,
    target: state.target,
    provider,
    operation: input.context.operation,
    clientProtocol: input.clientProtocol,
    server: input.clientProtocol.server ?? { codecs: {}, encodeError: () => ({ status: 500, body: {} }) },
    ...(upstreamProtocol ? { upstreamProtocol } : {}),
    wire: input.wire,
    ...(input.sent ? { sent: input.sent } : {}),
    ...(input.kept === undefined ? {} : { kept: input.kept }),
    stream: input.stream,
    bound: () => safeBound(input.context),
    asked: input.request,
    transforms,
    ...(input.echo === undefined ? {} : { echo: input.echo }),
    child: input.child,
    signal: input.context.signal,
    observe: (usage: Usage) =>
      runSync(runtime, 'bill.observe', subject, state.id, (handler) => handler(state, usage), undefined),
    commitBy,
    onCut: (cut) => input.active.onCut(cut),
  }
  return runAttempt(plan)
}

function logFailure(
  runtime: Runtime,
  context: RequestContext,
  target: Target,
  error: GatewayErrorData,
): void {
  runtime.logger.warn('an attempt failed', {
    id: context.id,
    provider: target.provider,
    model: target.model,
    class: error.class,
    status: error.status,
    // Vendors quote the prompt in the text of a request fault. The client gets that text; a log must not.
    ...(requestFaults.includes(error.class) ? {} : { message: error.message }),
  })
}
