import type { AnyPlugin } from '../contract/index.ts'
import { bootNotes } from '../define.ts'

/** A config in which plugins that outlive a generation stand for their equals. */
export interface AdoptedConfig {
  readonly config: unknown
  readonly adopted: ReadonlySet<AnyPlugin>
}

/**
 * Puts the running instance of a plugin in the place of a new one, where the plugin says `keep` and its options are
 * equal: stores, breakers and what else holds state or connections. Everything else stays as the config gives it.
 */
export function adoptKept(config: unknown, running: readonly AnyPlugin[]): AdoptedConfig {
  const kept = new Map<string, AnyPlugin>()
  for (const plugin of running) {
    const { identity } = bootNotes(plugin)
    if (plugin.keep && identity !== undefined) kept.set(identity, plugin)
  }
  const adopted = new Set<AnyPlugin>()
  const one = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(one)
    if (!isObject(value) || (value as Partial<AnyPlugin>).keep !== true) return value
    const { identity } = bootNotes(value)
    const found = identity === undefined ? undefined : kept.get(identity)
    if (!found) return value
    adopted.add(found)
    return found
  }
  if (!isObject(config) || kept.size === 0) return { config, adopted }
  const { plugins, providers, store } = config as { plugins?: unknown; providers?: unknown; store?: unknown }
  return {
    adopted,
    config: {
      ...config,
      ...(plugins === undefined ? {} : { plugins: one(plugins) }),
      ...(providers === undefined ? {} : { providers: each(providers, one) }),
      ...(store === undefined ? {} : { store: isPlugin(store) ? one(store) : each(store, one) }),
    },
  }
}

function each(table: unknown, one: (value: unknown) => unknown): unknown {
  if (!isObject(table) || Array.isArray(table)) return table
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, one(value)]))
}

function isPlugin(value: unknown): boolean {
  return isObject(value) && typeof (value as { name?: unknown }).name === 'string'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
