import type { GatewayErrorData, GenerateRequest, Usage } from '../model/index.ts'
import type { AttemptOutcome, EventTransform, Protocol, Target, WireRequest } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { HookSubject } from '../hooks/compile.ts'
import { isThenable, withDeadline } from '../hooks/run.ts'
import { runAttempt } from '../pump/attempt.ts'
import { guardTransform } from '../pump/event-pipe.ts'
import type { AttemptPlan, AttemptResult } from '../pump/types.ts'
import { AttemptState } from './attempt-context.ts'
import type { RequestContext } from './context.ts'
import { runSync } from './phase.ts'
import { credentialTrouble, requestFaults } from './public-error.ts'
import type { ActiveRequest, Runtime } from './runtime.ts'
import { safeBound } from './settle.ts'

/** Attempts of one request at most, whatever hooks say. */
const maxAttempts = 3

/** What the attempt loop needs to know of a request. */
export interface AttemptsInput {
  readonly context: RequestContext
  readonly active: ActiveRequest
  readonly clientProtocol: Protocol
  readonly targets: readonly Target[]
  readonly wire: WireRequest
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
  let index = 0
  for (let attempt = 1; ; attempt++) {
    const target = input.targets[index]!
    const subject: HookSubject = {
      protocol: context.protocol,
      operation: context.operation,
      provider: target.provider,
      model: input.model,
    }
    const state = new AttemptState(context, target, attempt, input.request)
    const started = performance.now()
    const result = await tryTarget(runtime, input, state, subject)
    const ms = performance.now() - started
    const error = result.kind === 'failed' ? result.error : undefined
    if (result.kind === 'stream' || result.kind === 'whole') context.firstOutputMs ??= context.elapsed()
    context.attempts.push({ target, ms, ...(error ? { error } : {}) })
    const decision = reportOutcome(runtime, subject, state, {
      committed: result.kind === 'stream' || result.kind === 'whole',
      ms,
      sent: result.kind === 'failed' ? result.sent : true,
      ...(error ? { error } : {}),
      ...(context.firstOutputMs === undefined ? {} : { firstOutputMs: ms }),
      ...(result.kind === 'whole' && result.end.usage ? { usage: result.end.usage } : {}),
    })
    if (!error || result.kind !== 'failed') return { result, target, state }
    logFailure(runtime, context, target, error)
    if (context.signal.aborted) return { result, target, state }
    const next = nextIndex(runtime, input, index, attempt, result.sent, error, decision)
    if (next === undefined) return { result, target, state }
    index = next
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
): Promise<AttemptResult> {
  const provider = runtime.blueprint.slots.provider.get(state.target.provider)!
  let transforms: readonly EventTransform[]
  try {
    for (const hook of runtime.hooks.of('transform.request', subject) ?? []) {
      await runTransform(runtime, hook.plugin, () => hook.handler(state))
    }
    transforms = eventTransforms(runtime, state, subject)
  } catch (thrown) {
    const error = GatewayError.is(thrown) ? thrown.data : internal()
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
    stream: input.stream,
    bound: () => safeBound(input.context),
    asked: input.request,
    transforms,
    ...(input.echo === undefined ? {} : { echo: input.echo }),
    child: input.child,
    signal: input.context.signal,
    observe: (usage: Usage) =>
      runSync(runtime, 'bill.observe', subject, state.id, (handler) => handler(state, usage), undefined),
    onCut: (cut) => {
      input.active.cut = cut
    },
  }
  return runAttempt(plan)
}

async function runTransform(
  runtime: Runtime,
  plugin: string,
  run: () => PromiseLike<void> | void,
): Promise<void> {
  try {
    const made = run()
    if (isThenable(made)) {
      await withDeadline(made, runtime.deadlines['transform.request'], `transform.request of ${plugin}`)
    } else if (made !== undefined) {
      throw new TypeError('transform.request returns nothing; use context.replace(request)')
    }
  } catch (cause) {
    if (GatewayError.is(cause)) throw cause
    runtime.logger.error(`transform.request of ${plugin} failed`, { cause })
    throw new GatewayError(internal(), { cause })
  }
}

function eventTransforms(
  runtime: Runtime,
  state: AttemptState,
  subject: HookSubject,
): readonly EventTransform[] {
  const list = runtime.hooks.of('transform.event', subject)
  if (!list) return []
  const transforms: EventTransform[] = []
  for (const hook of list) {
    try {
      const transform: unknown = hook.handler(state)
      if (transform === undefined) continue
      if (typeof transform !== 'function')
        throw new TypeError('transform.event returns a function or nothing')
      transforms.push(guardTransform(transform as EventTransform, hook.plugin))
    } catch (cause) {
      if (GatewayError.is(cause)) throw cause
      runtime.logger.error(`transform.event of ${hook.plugin} failed`, { id: state.id, cause })
      throw new GatewayError(internal(), { cause })
    }
  }
  return transforms
}

function reportOutcome(
  runtime: Runtime,
  subject: HookSubject,
  state: AttemptState,
  outcome: AttemptOutcome,
): 'retry' | 'next' | 'stop' | undefined {
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

function internal(): GatewayErrorData {
  return new GatewayError({
    class: 'internal',
    code: 'hook_failed',
    message: 'A plugin failed while it handled this request.',
  }).data
}
