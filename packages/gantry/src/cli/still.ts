import type { AnyPlugin, PluginOption, ResolvedConfig } from '@gantry/core'

/** Which plugins are set up all the same. */
export type Keep = (plugin: object) => boolean

/**
 * The same config with plugins that start nothing: no store is opened for writing, nothing is recovered or swept.
 * Stores keep their `close`, because they open by themselves when they are used.
 */
export function withoutSetup(config: ResolvedConfig, keep: Keep = () => false): ResolvedConfig {
  const { plugins, providers, store } = config
  const option = (one: PluginOption): PluginOption => {
    if (!one) return one
    return isList(one) ? one.map(option) : still(one, keep)
  }
  return {
    ...config,
    ...(Array.isArray(plugins) && { plugins: plugins.map(option) }),
    ...(isObject(providers) && {
      providers: Object.fromEntries(Object.entries(providers).map(([name, one]) => [name, still(one, keep)])),
    }),
    ...(isObject(store) && { store: stillStore(store) }),
  }
}

function stillStore(store: NonNullable<ResolvedConfig['store']>): NonNullable<ResolvedConfig['store']> {
  if (typeof (store as { name?: unknown }).name === 'string') return copy(store, { setup: undefined })
  // One plugin that serves several slots has to stay one plugin.
  const copies = new Map<object, AnyPlugin>()
  const once = (one: AnyPlugin): AnyPlugin => {
    const made = copies.get(one) ?? copy(one, { setup: undefined })
    copies.set(one, made)
    return made
  }
  const entries = Object.entries(store).map(([slot, one]) => [
    slot,
    isObject(one) ? once(one as AnyPlugin) : one,
  ])
  return Object.fromEntries(entries) as NonNullable<ResolvedConfig['store']>
}

function still<P extends object>(plugin: P, keep: Keep): P {
  if (!isObject(plugin) || keep(plugin)) return plugin
  // Its lines would land among what the command was asked for.
  return copy(plugin, { setup: undefined, close: undefined, logger: undefined })
}

/** Keeps what is not enumerable too: factories note problems and secrets on a plugin that way. */
function copy<P extends object>(plugin: P, changes: Partial<AnyPlugin>): P {
  return Object.assign(Object.defineProperties({}, Object.getOwnPropertyDescriptors(plugin)) as P, changes)
}

function isList(option: AnyPlugin | readonly PluginOption[]): option is readonly PluginOption[] {
  return Array.isArray(option)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
