import type { AnyPlugin, ResolvedConfig } from '@gantry/core'
import { createFakeHost, type FakeHost } from '../fake/host.ts'
import { plainConfig } from '../gateway/plain.ts'
import type { PluginSuiteOptions } from './options.ts'

/** Runs with the plugin and its others set up in their order; closes all of them, last first. */
export async function withPlugin<T>(
  options: PluginSuiteOptions,
  use: (plugin: AnyPlugin, host: FakeHost) => T | PromiseLike<T>,
): Promise<T> {
  const plugin = options.create()
  const plugins = [...(options.others?.() ?? []), plugin]
  const host = createFakeHost({ config: configOf(options), plugins })
  const started: AnyPlugin[] = []
  try {
    for (const one of plugins) {
      started.push(one)
      await one.setup?.(host)
    }
    return await use(plugin, host)
  } finally {
    await host.idle()
    for (const one of started.toReversed()) await one.close?.()
  }
}

/** The config that the plugin is set up with. */
export function configOf({ config = {} }: Pick<PluginSuiteOptions, 'config'>): ResolvedConfig {
  return { ...plainConfig(), ...config }
}
