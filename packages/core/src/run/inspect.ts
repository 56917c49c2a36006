import type { Filter, Hooks } from '../contract/index.ts'
import { moments } from '../hooks/order.ts'
import { matches } from '../hooks/compile.ts'
import type { Runtime } from './runtime.ts'

/** What a gateway is made of, for `gantry check` and for people who want to know. */
export interface Inspection {
  readonly hooks: readonly { readonly moment: keyof Hooks; readonly order: readonly HookEntry[] }[]
  readonly routes: readonly InspectedRoute[]
  readonly stores: { readonly [slot: string]: string }
}

/** One hook in its place. */
export interface HookEntry {
  readonly plugin: string
  readonly enforce: 'pre' | 'normal' | 'post'
  readonly order: 'pre' | 'normal' | 'post'
  readonly filter?: Filter
}

/** One way from a client's protocol over a model to a target. */
export interface InspectedRoute {
  readonly model: string
  readonly client: string
  readonly provider: string
  readonly targetModel: string
  readonly upstream: string
  /** Bytes pass, unless a hook of this request wants events. */
  readonly relays: boolean
  /** Why not, or which plugins may turn it off. */
  readonly note?: string
  /** Groups whose keys may use it. */
  readonly groups: readonly string[]
}

/** Describes a composed gateway. */
export function inspectRuntime(runtime: Runtime): Inspection {
  return {
    hooks: moments.map((moment) => ({
      moment,
      order: runtime.table[moment].map(({ plugin, enforce, order, filter }) => ({
        plugin,
        enforce,
        order,
        ...(filter ? { filter } : {}),
      })),
    })),
    routes: inspectRoutes(runtime),
    stores: Object.fromEntries(
      Object.entries(runtime.blueprint.stores).flatMap(([slot, store]) =>
        store ? [[slot, store.name]] : [],
      ),
    ),
  }
}

function inspectRoutes(runtime: Runtime): InspectedRoute[] {
  const clients = [...runtime.blueprint.slots.protocol.values()].filter((one) => one.server?.codecs.generate)
  const routes: InspectedRoute[] = []
  for (const plan of runtime.blueprint.models.values()) {
    for (const target of plan.targets) {
      const provider = runtime.blueprint.slots.provider.get(target.provider)
      if (!provider) continue
      const groups = [...runtime.blueprint.groups.values()]
        .filter(
          (group) => group.allows(plan.name) && (!group.providers || group.providers.has(target.provider)),
        )
        .map((group) => group.name)
      for (const client of clients) {
        const speaks: readonly string[] = 'speaks' in provider ? provider.speaks : []
        const upstream =
          target.protocol ?? (speaks.includes(client.name) || speaks.length === 0 ? client.name : speaks[0]!)
        const hooks = runtime.table['transform.event'].filter(
          (hook) =>
            !hook.filter ||
            matches(hook.filter, {
              protocol: client.name,
              operation: 'generate',
              provider: target.provider,
              model: plan.name,
            }),
        )
        const same =
          speaks.length > 0 &&
          upstream === client.name &&
          runtime.protocol(upstream)?.client?.relay !== undefined
        const note = !same
          ? 'converted'
          : hooks.length > 0
            ? `event hooks of ${hooks.map((hook) => hook.plugin).join(', ')} turn the byte relay off where they ask for events`
            : undefined
        routes.push({
          model: plan.name,
          client: client.name,
          provider: target.provider,
          targetModel: target.model,
          upstream,
          relays: same && hooks.length === 0,
          ...(note ? { note } : {}),
          groups,
        })
      }
    }
  }
  return routes
}
