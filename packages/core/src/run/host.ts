import type { Host, Logger, PriceLine, Slots, StoreSlot } from '../contract/index.ts'
import { ConfigError } from '../config/problem.ts'
import type { Blueprint } from '../config/blueprint.ts'
import type { TaskSet } from './tasks.ts'

const storeSlots: readonly string[] = [
  'keys',
  'ledger',
  'usage',
  'counters',
  'kv',
  'runs',
] satisfies StoreSlot[]

/** What plugins get at `setup`. */
export function createHost(blueprint: Blueprint, logger: Logger, tasks: TaskSet): Host {
  const pricing = [...blueprint.slots.pricing.values()]
  return {
    logger,
    config: blueprint.config,
    use<S extends keyof Slots>(slot: S, name?: string): Slots[S] {
      const chosen = storeSlots.includes(slot) ? blueprint.stores[slot as StoreSlot] : undefined
      const found =
        name === undefined ? (chosen ?? first(blueprint.slots[slot])) : blueprint.slots[slot].get(name)
      if (found) return found as Slots[S]
      throw new ConfigError([
        {
          code: 'MISSING_SLOT',
          severity: 'error',
          message:
            name === undefined
              ? `nothing provides "${slot}".`
              : `nothing provides "${slot}" under the name "${name}".`,
          fix: storeSlots.includes(slot)
            ? `Choose a store that serves "${slot}", for instance sqlite('./data/gateway.db').`
            : `Add a plugin that provides "${slot}".`,
        },
      ])
    },
    all<S extends keyof Slots>(slot: S): readonly Slots[S][] {
      return [...blueprint.slots[slot].values()]
    },
    price(context): readonly PriceLine[] {
      let lines: readonly PriceLine[] = []
      for (const rule of pricing) lines = rule.apply(lines, context)
      return lines
    },
    task(work) {
      tasks.add(work)
    },
  }
}

function first<T>(map: ReadonlyMap<string, T>): T | undefined {
  return map.values().next().value
}
