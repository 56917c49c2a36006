import type { AnyPlugin, ResolvedConfig } from '../contract/index.ts'
import { bootNotes } from '../define.ts'
import type { Blueprint, GroupPlan, ModelPlan } from './blueprint.ts'
import { checkMeaning } from './check.ts'
import { flattenPlugins, reportMisplaced } from './flatten.ts'
import { planGroup, planModel } from './plan.ts'
import type { ConfigProblem } from './problem.ts'
import { readGroups, readModels, readServer, serverDefaults } from './read.ts'
import { isTable, type Reporter, type Shape, type Table, readTable, tableOf, text } from './shape.ts'
import { chooseStores, emptySlots, fillProviders, fillSlots } from './slots.ts'

const anything: Shape = { expected: '', test: () => true }

const configShapes: { readonly [key in keyof Required<ResolvedConfig>]: Shape } = {
  server: anything,
  plugins: anything,
  store: anything,
  providers: anything,
  models: anything,
  defaultModel: text,
  groups: anything,
  defaultGroup: text,
  hooks: { expected: 'an object of hooks', test: isTable },
}

/**
 * Takes a configuration apart: flattens plugins, names providers, chooses stores, plans models and groups, and checks
 * the whole for meaning. Never throws, whatever it is given: everything found is in `problems`, and a blueprint with
 * an error in them must not boot.
 */
export function resolveConfig(config: unknown): Blueprint {
  const problems: ConfigProblem[] = []
  try {
    return resolve(config, problems)
  } catch (cause) {
    // A getter or a proxy in the config can throw anywhere.
    const message = cause instanceof Error ? cause.message : String(cause)
    problems.push({ code: 'UNREADABLE_CONFIG', severity: 'error', message: `cannot be read: ${message}` })
    const empty: ResolvedConfig = { server: serverDefaults, providers: {}, models: {}, groups: {} }
    return {
      config: empty,
      plugins: [],
      slots: emptySlots(),
      stores: {},
      models: new Map(),
      groups: new Map(),
      problems,
      secrets: [],
    }
  }
}

// ---

function resolve(value: unknown, problems: ConfigProblem[]): Blueprint {
  const report: Reporter = (problem) => void problems.push(problem)
  const raw = readTable(tableOf(value, 'config', report), configShapes, '', report)
  const slots = emptySlots()

  const listed = flattenPlugins(raw['plugins'], 'plugins', report)
  reportMisplaced(listed, report)
  const providers = fillProviders(slots, raw['providers'], report)
  const { stores, plugins: storePlugins } = chooseStores(slots, raw['store'], report)
  const plugins = [...new Set([...listed, ...providers, ...storePlugins])]
  for (const plugin of plugins) if (!storePlugins.includes(plugin)) fillSlots(slots, plugin, report)

  const config: ResolvedConfig = Object.assign(Object.create(null), raw, {
    server: readServer(raw['server'], report),
    plugins: listed,
    providers: Object.assign(Object.create(null), isTable(raw['providers']) ? raw['providers'] : {}),
    models: readModels(raw['models'], report),
    groups: readGroups(raw['groups'], report),
  })
  if (config.hooks) plugins.push({ name: 'config', hooks: config.hooks })

  for (const plugin of plugins) problems.push(...notesOf(plugin, raw))
  const blueprint: Blueprint = {
    config,
    plugins,
    slots,
    stores,
    models: new Map(
      Object.entries(config.models).map(([name, entry]): [string, ModelPlan] => [
        name,
        planModel(name, entry),
      ]),
    ),
    groups: new Map(
      Object.entries(config.groups).map(([name, entry]): [string, GroupPlan] => [
        name,
        planGroup(name, entry),
      ]),
    ),
    problems,
    secrets: [...new Set(plugins.flatMap((plugin) => bootNotes(plugin).secrets))],
  }
  // Also those that failed to come up: a target that names one is not misspelt.
  const named = new Set([...slots.provider.keys(), ...Object.keys(config.providers)])
  // An entry that could not be read leaves gaps; warnings about the gaps would only hide the mistake.
  const gaps = problems.some(
    ({ severity, path }) => severity === 'error' && /^(?:models|groups)\b/.test(path ?? ''),
  )
  checkMeaning(
    blueprint,
    [...named],
    gaps ? (problem) => problem.severity === 'error' && report(problem) : report,
  )
  return blueprint
}

/** Option problems of a plugin; for a provider under its name in the config, because two may share a package. */
function notesOf(plugin: AnyPlugin, raw: Table): readonly ConfigProblem[] {
  const { problems } = bootNotes(plugin)
  const place = placeOf(plugin, raw)
  if (place === undefined) return problems
  return problems.map((problem) => {
    const options = problem.path?.startsWith(`${plugin.name}.`)
      ? problem.path.slice(plugin.name.length)
      : undefined
    return options === undefined ? problem : { ...problem, path: `${place}${options}` }
  })
}

function placeOf(plugin: AnyPlugin, raw: Table): string | undefined {
  if (raw['store'] === plugin) return 'store'
  for (const table of ['providers', 'store']) {
    const entries = raw[table]
    if (!isTable(entries)) continue
    for (const [name, value] of Object.entries(entries)) if (value === plugin) return `${table}.${name}`
  }
  return undefined
}
