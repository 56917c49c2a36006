import type { AnyPlugin, Provider, ProviderPlugin, Slots, StoreSlot } from '../contract/index.ts'
import type { StoreTable } from './blueprint.ts'
import { bootNotes } from '../define.ts'
import { isPlugin } from './flatten.ts'
import { didYouMean } from './nearest.ts'
import { type Reporter, isTable, type Table, tableOf, wrongType } from './shape.ts'

const storeSlots: { readonly [S in StoreSlot]: true } = {
  keys: true,
  ledger: true,
  usage: true,
  counters: true,
  kv: true,
  runs: true,
}

/** Slots while they are filled. */
export type WritableSlots = { [S in keyof Slots]: Map<string, Slots[S]> }

/** Empty slots, in one place so that a new slot is one line more. */
export function emptySlots(): WritableSlots {
  return {
    protocol: new Map(),
    provider: new Map(),
    pricing: new Map(),
    tool: new Map(),
    tokens: new Map(),
    keys: new Map(),
    ledger: new Map(),
    usage: new Map(),
    counters: new Map(),
    kv: new Map(),
    runs: new Map(),
  }
}

/** Adds what a plugin provides; a name already taken in its slot is a problem, and the first keeps it. */
export function fillSlots(slots: WritableSlots, plugin: AnyPlugin, report: Reporter): void {
  if (plugin.provides === undefined) return
  const path = `${plugin.name}.provides`
  for (const [slot, list] of Object.entries(tableOf(plugin.provides, path, report))) {
    if (!Object.hasOwn(slots, slot)) {
      const fix = didYouMean(slot, Object.keys(slots))
      report({ code: 'UNKNOWN_SLOT', severity: 'error', path, message: `"${slot}" is not a slot.`, fix })
    } else if (Array.isArray(list)) {
      for (const one of list as readonly unknown[]) {
        put(slots[slot as keyof Slots] as Map<string, unknown>, one, `${path}.${slot}`, report)
      }
    } else report(wrongType(`${path}.${slot}`, 'a list', list))
  }
}

/** Gives each provider plugin its name; returns the plugins once each. */
export function fillProviders(slots: WritableSlots, value: unknown, report: Reporter): readonly AnyPlugin[] {
  const plugins = new Set<AnyPlugin>()
  for (const [name, plugin] of Object.entries(tableOf(value, 'providers', report))) {
    const path = `providers.${name}`
    if (name === '' || name.includes('/')) {
      report({
        code: 'INVALID_PROVIDER_NAME',
        severity: 'error',
        path,
        message: 'cannot be the name of a provider.',
        fix: 'A target is "provider/model", split at the first slash: use a name without one.',
      })
      continue
    }
    if (!isPlugin(plugin, path, report)) continue
    if (!isProviderPlugin(plugin)) {
      report({
        code: 'NOT_A_PROVIDER',
        severity: 'error',
        path,
        message: `holds the plugin "${plugin.name}", which is not a provider.`,
        fix: 'Other plugins belong into `plugins`.',
      })
      continue
    }
    plugins.add(plugin)
    const provider = createProvider(plugin, name, path, report)
    if (provider) slots.provider.set(name, provider)
  }
  return [...plugins]
}

/** Reads `store`: one plugin for all it provides, or a map of capabilities. */
export function chooseStores(
  slots: WritableSlots,
  value: unknown,
  report: Reporter,
): { readonly stores: StoreTable; readonly plugins: readonly AnyPlugin[] } {
  const plugins = new Set<AnyPlugin>()
  const stores: { [slot: string]: unknown } = {}
  const take = (slot: string, plugin: AnyPlugin, path: string): void => {
    const one: unknown = plugin.provides?.[slot as StoreSlot]?.[0]
    if (one === undefined) {
      // Wrong options made it empty; they are reported already.
      if (bootNotes(plugin).problems.length > 0) return
      report({
        code: 'STORE_LACKS_CAPABILITY',
        severity: 'error',
        path,
        message: `"${plugin.name}" does not serve "${slot}".`,
        fix: `It serves: ${Object.keys(plugin.provides ?? {}).join(', ') || 'nothing'}.`,
      })
      return
    }
    stores[slot] = one
    put(slots[slot as StoreSlot] as Map<string, unknown>, one, path, report)
  }
  if (isTable(value) && typeof value['name'] !== 'string') {
    for (const [slot, plugin] of Object.entries(value)) {
      const path = `store.${slot}`
      if (!Object.hasOwn(storeSlots, slot)) {
        const fix = didYouMean(slot, Object.keys(storeSlots))
        report({
          code: 'UNKNOWN_CAPABILITY',
          severity: 'error',
          path,
          message: 'is not a store capability.',
          fix,
        })
      } else if (plugin !== undefined && isPlugin(plugin, path, report)) {
        plugins.add(plugin)
        take(slot, plugin, path)
      }
    }
  } else if (value !== undefined && isPlugin(value, 'store', report)) {
    plugins.add(value)
    for (const slot of Object.keys(storeSlots)) {
      if (slot === 'keys' || value.provides?.[slot as StoreSlot]?.[0]) take(slot, value, 'store')
    }
  }
  return { stores: stores as StoreTable, plugins: [...plugins] }
}

// ---

function put(slot: Map<string, unknown>, value: unknown, path: string, report: Reporter): void {
  const name = typeof value === 'object' && value !== null ? (value as Table)['name'] : undefined
  if (typeof name !== 'string' || name === '')
    report(wrongType(path, 'filled with objects that have a `name`', value))
  else if (!slot.has(name)) slot.set(name, value)
  else if (slot.get(name) !== value) {
    report({
      code: 'DUPLICATE_SLOT_NAME',
      severity: 'error',
      path,
      message: `provides "${name}", which another plugin provides already.`,
      fix: 'Leave one of them out, or give one plugin another name for it.',
    })
  }
}

function isProviderPlugin(plugin: AnyPlugin): plugin is ProviderPlugin & AnyPlugin {
  return typeof (plugin as { provider?: unknown }).provider === 'function'
}

function createProvider(
  plugin: ProviderPlugin,
  name: string,
  path: string,
  report: Reporter,
): Provider | undefined {
  try {
    const provider = plugin.provider(name)
    const speaks = 'speaks' in provider ? provider.speaks : undefined
    if ('generate' in provider || (Array.isArray(speaks) && speaks.length > 0)) return provider
    report(wrongType(`${path}.speaks`, 'a list of at least one protocol', speaks))
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    report({ code: 'PROVIDER_FAILED', severity: 'error', path, message: `could not be created: ${message}` })
  }
  return undefined
}
