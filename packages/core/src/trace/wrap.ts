import type { Context, EventTransform, Hooks } from '../contract/index.ts'
import { account, group, key } from '../keys.ts'
import { moments, type HookTable, type OrderedHook } from '../hooks/order.ts'
import { isThenable } from '../hooks/run.ts'
import type { Tracer } from './tracer.ts'

type AnyHandler = (context: Context, ...rest: unknown[]) => unknown

/** The same hooks, each telling the tracer when it ran, how long, and what it changed. Only while somebody traces. */
export function traceHooks(table: HookTable, tracer: Tracer): HookTable {
  const made: { [moment: string]: readonly OrderedHook[] } = {}
  for (const moment of moments) made[moment] = table[moment].map((hook) => traced(hook, tracer))
  return made as HookTable
}

function traced(hook: OrderedHook, tracer: Tracer): OrderedHook {
  const handler = hook.handler as AnyHandler
  const wrapped: AnyHandler = (context, ...rest) => {
    const { id } = context
    const at = tracer.now(id)
    const before = look(hook.moment, context)
    const note = (result: string | undefined): void => {
      tracer.add(id, {
        kind: 'hook',
        at,
        moment: hook.moment,
        plugin: hook.plugin,
        ms: tracer.now(id) - at,
        changed: changes(before, look(hook.moment, context)),
        ...(result === undefined ? {} : { result }),
      })
    }
    let made: unknown
    try {
      made = handler(context, ...rest)
    } catch (error) {
      note(`threw ${text(error)}`)
      throw error
    }
    if (isThenable(made)) {
      return made.then(
        (value) => {
          note(answered(value))
          return value
        },
        (error: unknown) => {
          note(`threw ${text(error)}`)
          throw error
        },
      )
    }
    note(
      hook.moment === 'transform.event'
        ? made === undefined
          ? 'bytes pass'
          : 'wants events'
        : answered(made),
    )
    return typeof made === 'function' && hook.moment === 'transform.event'
      ? countEvents(made as EventTransform, hook.plugin, id, tracer)
      : made
  }
  return { ...hook, handler: wrapped as Hooks[keyof Hooks] }
}

/** One entry for all events of a stream, when it ends: one for each would hide everything else. */
function countEvents(transform: EventTransform, plugin: string, id: string, tracer: Tracer): EventTransform {
  const at = tracer.now(id)
  let seen = 0
  let changed = 0
  let ms = 0
  return (event) => {
    const started = performance.now()
    const made = transform(event)
    ms += performance.now() - started
    seen++
    if (made !== event) changed++
    if (event.type === 'end' || event.type === 'error') {
      tracer.add(id, {
        kind: 'hook',
        at,
        moment: 'transform.event',
        plugin,
        ms,
        changed: changed > 0 ? [`${changed} of ${seen} events`] : [],
        result: `${seen} events`,
      })
    }
    return made
  }
}

/** What can be compared before and after a hook, by name. */
type View = { readonly [name: string]: string }

function look(moment: keyof Hooks, context: Context): View {
  const view: { [name: string]: string } = {}
  const owner = context.peek(account)
  const shown = context.peek(key)
  const name = context.peek(group)
  if (owner !== undefined) view['account'] = owner
  if (shown !== undefined) view['key'] = shown.id
  if (name !== undefined) view['group'] = name
  if (moment === 'route' && 'targets' in context) {
    const targets = context.targets as readonly { provider: string; model: string; why?: string }[]
    view['targets'] = targets
      .map((one) => `${one.provider}/${one.model}${one.why ? ` (${one.why})` : ''}`)
      .join(', ')
  }
  if (moment === 'transform.request' && 'request' in context) {
    for (const [field, value] of Object.entries(decoded(context))) {
      view[`request.${field}`] = text(JSON.stringify(value))
    }
  }
  return view
}

/** A body that does not decode is the hook's to stumble over, not the tracer's. */
function decoded(context: { readonly request: unknown }): object {
  try {
    return context.request as object
  } catch {
    return {}
  }
}

function changes(before: View, after: View): readonly string[] {
  const changed: string[] = []
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[name] === after[name]) continue
    changed.push(`${name}: ${short(before[name])} → ${short(after[name])}`)
  }
  return changed
}

function answered(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object' && 'status' in value) return `answered with ${String(value.status)}`
  return typeof value === 'string' ? value : typeof value
}

function text(value: unknown): string {
  return value instanceof Error ? value.message : String(value)
}

function short(value: string | undefined): string {
  if (value === undefined) return 'nothing'
  return value.length > 160 ? `${value.slice(0, 160)}…` : value
}
