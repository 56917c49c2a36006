import type { AnyPlugin, Awaitable, Hooks, KeyRef } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { HookSubject } from '../hooks/compile.ts'
import { DeadlineError, isThenable, withDeadline } from '../hooks/run.ts'
import { account, group, key as apiKey } from '../keys.ts'
import type { RequestContext } from './context.ts'
import type { Runtime } from './runtime.ts'

/** The serial moments before an attempt. */
type EarlyMoment = 'auth' | 'route' | 'bill.reserve'

/** What a client sees when a hook of this moment breaks. Auth and money fail closed. */
const broken: { readonly [M in EarlyMoment]: () => GatewayError } = {
  auth: () =>
    new GatewayError({
      class: 'overloaded',
      code: 'auth_unavailable',
      message: 'Authentication is not available right now.',
    }),
  route: () =>
    new GatewayError({
      class: 'internal',
      code: 'hook_failed',
      message: 'The gateway failed to route this request.',
    }),
  'bill.reserve': () =>
    new GatewayError({
      class: 'overloaded',
      code: 'billing_unavailable',
      message: 'Billing is not available right now.',
    }),
}

type EarlyHandler = (context: RequestContext) => Awaitable<void | Response>

/**
 * Runs one early moment: serially, each hook under its deadline. The first Response answers. Nothing is waited for
 * where no hook makes a promise.
 */
export function runEarly(
  runtime: Runtime,
  moment: EarlyMoment,
  context: RequestContext,
  subject: HookSubject,
): Response | undefined | Promise<Response | undefined> {
  const list = runtime.hooks.of(moment, subject)
  if (!list) return undefined
  const runFrom = (first: number): ReturnType<typeof runEarly> => {
    for (let index = first; index < list.length; index++) {
      const { handler, plugin } = list[index]!
      try {
        const made = (handler as EarlyHandler)(context)
        if (isThenable(made)) return waitFor(made, plugin, index + 1)
        const answer = responseOf(made, moment, plugin)
        if (answer) return answer
      } catch (cause) {
        throw failed(cause, plugin)
      }
    }
    return undefined
  }
  const waitFor = async (
    made: PromiseLike<void | Response>,
    plugin: string,
    next: number,
  ): Promise<Response | undefined> => {
    let answer: Response | undefined
    try {
      const value = await withDeadline(made, runtime.deadlines[moment], `${moment} of ${plugin}`)
      answer = responseOf(value, moment, plugin)
    } catch (cause) {
      throw failed(cause, plugin)
    }
    return answer ?? runFrom(next)
  }
  const failed = (cause: unknown, plugin: string): GatewayError => {
    if (GatewayError.is(cause)) return cause
    runtime.logger.error(`${moment} of ${plugin} failed`, { id: context.id, cause })
    // What still runs for a request that was refused is told so.
    if (cause instanceof DeadlineError) context.abort(cause)
    return broken[moment]()
  }
  return runFrom(0)
}

/** After auth: what the auth plugins of this route have promised to write must be there, or the request is refused. */
export function requireIdentity(runtime: Runtime, context: RequestContext, subject: HookSubject): void {
  for (const hook of runtime.hooks.of('auth', subject) ?? []) {
    for (const key of runtime.promises.get(hook.plugin) ?? []) {
      if (context.peek(key as Parameters<typeof context.peek>[0]) !== undefined) continue
      runtime.logger.error(`auth of ${hook.plugin} finished without setting "${key.name}"`, {
        id: context.id,
      })
      throw broken.auth()
    }
  }
}

/** The keys that each auth plugin has to have written when auth is over; others of its hooks may write more later. */
export function authPromises(plugins: readonly AnyPlugin[]): Map<string, readonly KeyRef[]> {
  const identity: ReadonlySet<symbol> = new Set([account.id, apiKey.id, group.id])
  const promises = new Map<string, readonly KeyRef[]>()
  for (const { name, hooks, writes } of plugins) {
    if (!hooks?.auth || !writes) continue
    const others = Object.keys(hooks).some((moment) => moment !== 'auth')
    promises.set(name, others ? writes.filter((key) => identity.has(key.id)) : writes)
  }
  return promises
}

/** Runs the synchronous list of a moment; a throw is logged and ends the list with `onThrow`. */
export function runSync<M extends 'bill.observe' | 'route.outcome'>(
  runtime: Runtime,
  moment: M,
  subject: HookSubject,
  id: string,
  call: (handler: Hooks[M]) => ReturnType<Hooks[M]>,
  onThrow: ReturnType<Hooks[M]>,
): ReturnType<Hooks[M]> | undefined {
  const list = runtime.hooks.of(moment, subject)
  if (!list) return undefined
  let first: ReturnType<Hooks[M]> | undefined
  for (const hook of list) {
    try {
      // Every hook learns, the first answer decides.
      const answer = call(hook.handler)
      first ??= answer ?? undefined
    } catch (cause) {
      runtime.logger.error(`${moment} of ${hook.plugin} failed`, { id, cause })
      first ??= onThrow
    }
  }
  return first
}

function responseOf(value: unknown, moment: EarlyMoment, plugin: string): Response | undefined {
  if (value === undefined || isResponse(value)) return value
  throw new TypeError(`${moment} of ${plugin} returned something that is neither nothing nor a Response`)
}

function isResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Response).status === 'number' &&
    'headers' in value
  )
}
