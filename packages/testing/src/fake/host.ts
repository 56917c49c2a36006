import type { AnyPlugin, Host, PriceLine, ResolvedConfig, Slots } from '@gantry/core'
import { createCaptureLogger, type CaptureLogger } from './logger.ts'

/** What a fake host knows. */
export interface FakeHostOptions {
  /** Models, groups and whatever else the plugin reads; empty by default. */
  readonly config?: Partial<ResolvedConfig>
  /** Plugins whose slots `use` and `all` find and whose pricing rules `price` runs. They are not set up. */
  readonly plugins?: readonly AnyPlugin[]
}

/** What `setup` gets, without a gateway behind it. */
export interface FakeHost extends Host {
  /** Keeps every line. */
  readonly logger: CaptureLogger
  /** Waits for the work that was given to `task`; a failure of it is not thrown. */
  idle(): Promise<void>
}

/** Makes a host to call a plugin's `setup` with. `use` throws for a slot that no given plugin fills. */
export function createFakeHost({ config = {}, plugins = [] }: FakeHostOptions = {}): FakeHost {
  const tasks = new Set<Promise<unknown>>()
  const all = <S extends keyof Slots>(slot: S): readonly Slots[S][] =>
    plugins.flatMap((plugin) => plugin.provides?.[slot] ?? [])
  return {
    logger: createCaptureLogger(),
    config: { providers: {}, models: {}, groups: {}, ...config },
    all,
    use(slot, name) {
      const found = all(slot).find((one) => name === undefined || one.name === name)
      if (!found) throw new Error(`The fake host has no ${slot}${name === undefined ? '' : ` "${name}"`}.`)
      return found
    },
    price: (context) =>
      all('pricing').reduce<readonly PriceLine[]>((lines, rule) => rule.apply(lines, context), []),
    task: (work) => void tasks.add(work),
    async idle() {
      await Promise.allSettled(tasks)
    },
  }
}
