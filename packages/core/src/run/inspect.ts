import type { ModelPlan, PlannedTarget } from '../config/blueprint.ts'
import type { Filter, Hooks, Provider } from '../contract/index.ts'
import { moments } from '../hooks/order.ts'
import type { Runtime } from './runtime.ts'
import { protocolFor } from './targets.ts'

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
      const groups = groupsOf(runtime, plan, target)
      for (const client of clients) {
        const upstream = target.protocol ?? protocolFor(runtime, provider, client.name, 'generate')
        const note = whyNoRelay(runtime, plan, provider, client.name, upstream)
        routes.push({
          model: plan.name,
          client: client.name,
          provider: target.provider,
          targetModel: target.model,
          upstream,
          relays: note === undefined,
          ...(note ? { note } : {}),
          groups,
        })
      }
    }
  }
  return routes
}

function groupsOf(runtime: Runtime, plan: ModelPlan, target: PlannedTarget): readonly string[] {
  return [...runtime.blueprint.groups.values()]
    .filter((group) => group.allows(plan.name) && (!group.providers || group.providers.has(target.provider)))
    .map((group) => group.name)
}

/** The same questions the pump asks of a request. */
function whyNoRelay(
  runtime: Runtime,
  plan: ModelPlan,
  provider: Provider,
  client: string,
  upstream: string,
): string | undefined {
  if ('generate' in provider || upstream !== client) return 'converted'
  if (!runtime.protocol(upstream)?.client?.relay) return 'converted'
  const subject = {
    protocol: client,
    operation: 'generate',
    provider: provider.name,
    model: plan.name,
  } as const
  const hooks = runtime.hooks.of('transform.event', subject)
  if (hooks) {
    const names = hooks.map((hook) => hook.plugin).join(', ')
    return `event hooks of ${names} turn the byte relay off where they ask for events`
  }
  return plan.entry.echo === 'asked' ? 'streams are decoded to show the name that was asked for' : undefined
}
