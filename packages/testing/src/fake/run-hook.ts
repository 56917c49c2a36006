import type { AnyPlugin, Hook, Hooks } from '@gantry/core'

/** The function behind a hook of a plugin, whether it stands alone or with order and filter. Throws where there is none. */
export function hookOf<H extends keyof Hooks>(plugin: AnyPlugin, moment: H): Hooks[H] {
  const hook = plugin.hooks?.[moment] as Hook<H> | undefined
  if (hook === undefined) throw new Error(`${plugin.name} has no hook "${moment}".`)
  return (typeof hook === 'function' ? hook : hook.handler) as Hooks[H]
}

/** Calls one hook of a plugin with what its moment takes, and answers what it answers. */
export function runHook<H extends keyof Hooks>(
  plugin: AnyPlugin,
  moment: H,
  ...given: Parameters<Hooks[H]>
): ReturnType<Hooks[H]> {
  const handler = hookOf(plugin, moment) as (...given: Parameters<Hooks[H]>) => ReturnType<Hooks[H]>
  return handler(...given)
}
