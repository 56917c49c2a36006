import type { HttpProvider, ProviderPlugin } from '@gantry/core'

/** The provider that a config would get under this name. Throws when it makes events itself. */
export function httpProvider(plugin: ProviderPlugin, name: string = 'subject'): HttpProvider {
  const provider = plugin.provider(name)
  if (!('endpoint' in provider)) throw new Error(`${plugin.name} is no HTTP provider.`)
  return provider
}
