import type { Filter, Hooks, Match, Operation } from '../contract/index.ts'
import type { HookTable, OrderedHook } from './order.ts'

/** What a filter is asked about. A property that is not known yet matches nothing that asks for it. */
export interface HookSubject {
  readonly protocol: string
  readonly operation: Operation
  readonly provider?: string
  readonly model?: string
}

/** Hook lists per route; `undefined` is the empty list, so that it costs one check. */
export interface CompiledHooks {
  of<H extends keyof Hooks>(moment: H, subject: HookSubject): readonly OrderedHook<H>[] | undefined
}

/** Routes whose lists are kept. Model names come from the config, so this is never reached by clients. */
const cacheLimit = 20_000

/** Filters each moment's list once per route and keeps the result. */
export function compileHooks(table: HookTable): CompiledHooks {
  const unfiltered = new Map<keyof Hooks, readonly OrderedHook[] | undefined>()
  for (const [moment, list] of Object.entries(table) as [keyof Hooks, readonly OrderedHook[]][]) {
    if (list.every((hook) => !hook.filter)) unfiltered.set(moment, list.length > 0 ? list : undefined)
  }
  const cache = new Map<string, readonly OrderedHook[] | undefined>()
  return {
    of<H extends keyof Hooks>(moment: H, subject: HookSubject) {
      if (unfiltered.has(moment)) return unfiltered.get(moment) as readonly OrderedHook<H>[] | undefined
      const id = `${moment}\n${subject.protocol}\n${subject.operation}\n${subject.provider ?? ''}\n${subject.model ?? ''}`
      if (!cache.has(id)) {
        if (cache.size >= cacheLimit) cache.clear()
        const list = table[moment].filter((hook) => !hook.filter || matches(hook.filter, subject))
        cache.set(id, list.length > 0 ? list : undefined)
      }
      return cache.get(id) as readonly OrderedHook<H>[] | undefined
    },
  }
}

/** Whether a hook with this filter runs for this subject. */
export function matches(filter: Filter, subject: HookSubject): boolean {
  return (
    matchesOne(filter.protocol, subject.protocol) &&
    matchesOne(filter.provider, subject.provider) &&
    matchesOne(filter.model, subject.model) &&
    (filter.operation === undefined || [filter.operation].flat().includes(subject.operation))
  )
}

function matchesOne(match: Match | undefined, value: string | undefined): boolean {
  if (match === undefined) return true
  if (value === undefined) return false
  if (typeof match === 'string') return match === value
  if (Array.isArray(match)) return match.some((one: string | RegExp) => matchesOne(one, value))
  const pattern = match as RegExp
  // A global or sticky pattern remembers where it stopped; a filter must not.
  pattern.lastIndex = 0
  return pattern.test(value)
}
