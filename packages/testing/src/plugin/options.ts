import type { AnyPlugin, ErrorClass, ResolvedConfig } from '@gantry/core'
import type { ContextOptions } from '../fake/context.ts'

/** What a plugin is tested with. */
export interface PluginSuiteOptions {
  /** Makes the plugin as a config would; called for each check. */
  create(): AnyPlugin
  /** Models, groups and whatever else it reads; the plain gateway's own by default. */
  readonly config?: Partial<ResolvedConfig>
  /** Plugins it cannot do without (a store, one that writes what it reads), made anew for each check. */
  others?(): readonly AnyPlugin[]
  /** A request that it lets pass. Its `headers` are also sent through the gateway. */
  readonly request?: ContextOptions
  /** Requests that it has to refuse: at which moment, and as what. */
  readonly refuses?: readonly PluginRefusal[]
  /** Configs that its `check` has to find wrong, and the path of the problem. */
  readonly wrong?: readonly (readonly [config: Partial<ResolvedConfig>, path: string])[]
}

/** A request that a plugin has to refuse. */
export interface PluginRefusal {
  readonly moment: 'auth' | 'route' | 'bill.reserve' | 'transform.request'
  readonly request: ContextOptions
  readonly class: ErrorClass
}
