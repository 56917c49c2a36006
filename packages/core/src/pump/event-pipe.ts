import type { GatewayEvent } from '../model/index.ts'
import type { EventTransform } from '../contract/index.ts'
import { GatewayError } from '../error.ts'

/**
 * Chains event functions: a plain loop, no streams and no generators, because this runs for every event.
 * A throw in one of them is a plugin's fault and becomes an internal error, whatever it threw.
 */
export function createPipe(
  stages: readonly EventTransform[],
  out: (event: GatewayEvent) => void,
): (event: GatewayEvent) => void {
  if (stages.length === 0) return out
  const run = (event: GatewayEvent, index: number): void => {
    const stage = stages[index]
    if (!stage) {
      out(event)
      return
    }
    const made = stage(event)
    if (made === null || made === undefined) return
    if (isList(made)) for (const one of made) run(checked(one), index + 1)
    else run(checked(made), index + 1)
  }
  return (event) => run(event, 0)
}

/** Guards a plugin's event function: what it throws, or returns by mistake, is named as its fault. */
export function guardTransform(transform: EventTransform, plugin: string): EventTransform {
  return (event) => {
    let made: ReturnType<EventTransform>
    try {
      made = transform(event)
    } catch (cause) {
      if (GatewayError.is(cause)) throw cause
      throw new GatewayError(
        { class: 'internal', message: 'A plugin failed while it handled this answer.', code: 'hook_failed' },
        { cause: new Error(`transform.event of ${plugin} threw`, { cause }) },
      )
    }
    if (made !== null && typeof (made as { then?: unknown } | undefined)?.then === 'function') {
      throw new GatewayError(
        { class: 'internal', message: 'A plugin failed while it handled this answer.', code: 'hook_failed' },
        { cause: new Error(`transform.event of ${plugin} returned a promise; event hooks are synchronous`) },
      )
    }
    return made
  }
}

function isList(made: GatewayEvent | readonly GatewayEvent[]): made is readonly GatewayEvent[] {
  return Array.isArray(made)
}

function checked(event: GatewayEvent): GatewayEvent {
  if (typeof (event as { type?: unknown } | undefined)?.type === 'string') return event
  throw new GatewayError(
    { class: 'internal', message: 'A plugin failed while it handled this answer.', code: 'hook_failed' },
    { cause: new TypeError('transform.event returned something that is not an event') },
  )
}
