import type { AnyPlugin, Filter, Hook, HookMap, Hooks } from '../contract/index.ts'

/** Names of the request moments, in run order. */
export const moments: readonly (keyof Hooks)[] = [
  'auth',
  'route',
  'bill.reserve',
  'transform.request',
  'transform.event',
  'bill.observe',
  'route.outcome',
  'bill.settle',
  'log',
]

/** One hook of one plugin, its order decided. */
export interface OrderedHook<H extends keyof Hooks = keyof Hooks> {
  readonly plugin: string
  readonly moment: H
  readonly order: 'pre' | 'normal' | 'post'
  readonly enforce: 'pre' | 'normal' | 'post'
  readonly filter?: Filter
  readonly handler: Hooks[H]
}

/** All hooks by moment, each list in run order: enforce, then order, then place in the config. */
export type HookTable = { readonly [H in keyof Hooks]: readonly OrderedHook<H>[] }

const rank: { readonly [place: string]: number } = { pre: 0, normal: 1, post: 2 }

/** Sorts the hooks of a plugin list once. */
export function orderHooks(plugins: readonly AnyPlugin[]): HookTable {
  const table: { [H in keyof Hooks]?: readonly OrderedHook<H>[] } = {}
  for (const moment of moments) collect(table, moment, plugins)
  return table as HookTable
}

function collect<H extends keyof Hooks>(
  table: { [K in keyof Hooks]?: readonly OrderedHook<K>[] },
  moment: H,
  plugins: readonly AnyPlugin[],
): void {
  const list: OrderedHook<H>[] = []
  for (const plugin of plugins) {
    const hook: Hook<H> | undefined = (plugin.hooks as HookMap | undefined)?.[moment] as Hook<H> | undefined
    if (!hook) continue
    const detailed = typeof hook === 'function' ? { handler: hook } : hook
    list.push({
      plugin: plugin.name,
      moment,
      enforce: plugin.enforce ?? 'normal',
      order: ('order' in detailed ? detailed.order : undefined) ?? 'normal',
      ...('filter' in detailed && detailed.filter ? { filter: detailed.filter } : {}),
      handler: detailed.handler,
    })
  }
  // Array.prototype.sort is stable, so place in the config decides among equals.
  list.sort((a, b) => rank[a.enforce]! - rank[b.enforce]! || rank[a.order]! - rank[b.order]!)
  ;(table as { [K in H]?: readonly OrderedHook<H>[] })[moment] = list
}
