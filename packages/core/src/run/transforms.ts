import type { GatewayErrorData } from '../model/index.ts'
import type { EventTransform } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { HookSubject } from '../hooks/compile.ts'
import type { OrderedHook } from '../hooks/order.ts'
import { DeadlineError, isThenable, withDeadline } from '../hooks/run.ts'
import { guardTransform } from '../pump/event-pipe.ts'
import type { AttemptState } from './attempt-context.ts'
import type { Runtime } from './runtime.ts'

/** Runs the request hooks of one attempt, serially, each under its deadline. Rejects with a `GatewayError` only. */
export function transformRequest(
  runtime: Runtime,
  state: AttemptState,
  subject: HookSubject,
): Promise<void> | undefined {
  const list = runtime.hooks.of('transform.request', subject)
  return list && runTransforms(runtime, state, list)
}

async function runTransforms(
  runtime: Runtime,
  state: AttemptState,
  list: readonly OrderedHook<'transform.request'>[],
): Promise<void> {
  for (const hook of list) await runTransform(runtime, state, hook.plugin, () => hook.handler(state))
}

async function runTransform(
  runtime: Runtime,
  state: AttemptState,
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
    runtime.logger.error(`transform.request of ${plugin} failed`, { id: state.id, cause })
    if (cause instanceof DeadlineError) state.base.abort(cause)
    throw new GatewayError(hookFailed(), { cause })
  }
}

/** The event functions of one attempt: what each hook's factory gave for it. */
export function eventTransforms(
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
      throw new GatewayError(hookFailed(), { cause })
    }
  }
  return transforms
}

/** What a client sees of a plugin that failed. */
export function hookFailed(): GatewayErrorData {
  return new GatewayError({
    class: 'internal',
    code: 'hook_failed',
    message: 'A plugin failed while it handled this request.',
  }).data
}
