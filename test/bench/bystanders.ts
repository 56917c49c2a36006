import type { AnyPlugin } from '@gantry/core'

/**
 * Plugins as an installation collects them. Every other one concerns another model, so that no list of this route has
 * it; the rest look at each request in four moments and leave it as it is.
 */
export function bystanders(count: number): readonly AnyPlugin[] {
  return Array.from({ length: count }, (_, index) => bystander(`bench-bystander-${index}`, index % 2 === 0))
}

function bystander(name: string, concerned: boolean): AnyPlugin {
  let seen = 0
  const look = (): void => void seen++
  const filter = concerned ? {} : { filter: { model: 'another-model' } }
  return {
    name,
    hooks: {
      route: { ...filter, handler: look },
      'transform.request': { ...filter, handler: look },
      'transform.event': {
        ...filter,
        handler() {
          look()
          return undefined
        },
      },
      log: { ...filter, handler: look },
    },
  }
}
