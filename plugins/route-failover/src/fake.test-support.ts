import type {
  AttemptContext,
  AttemptOutcome,
  ErrorClass,
  GatewayErrorData,
  Hooks,
  Host,
  Key,
  Plugin,
  ResolvedConfig,
  RouteContext,
  Target,
} from '@gantry/core'
import { GatewayError, group } from '@gantry/core'

/** What `route` made of the targets. */
export interface Routed {
  readonly order: readonly string[]
  readonly whys: readonly string[]
  readonly dropped: { readonly [target: string]: string }
}

/** A request that only routing sees. */
export interface FakeRequest {
  route(): Promise<Routed>
  /** Reports the outcome of the next attempt, at the target that stands there; answers what the plugin decided. */
  attempt(outcome?: Partial<AttemptOutcome>): void | 'retry' | 'next' | 'stop'
}

/** Boots a plugin over a config and hands out requests. */
export async function boot(
  plugin: Plugin,
  models: ResolvedConfig['models'],
  groups: ResolvedConfig['groups'] = {},
): Promise<
  (model: string, targets: readonly Target[], options?: { readonly group?: string }) => FakeRequest
> {
  const host: Pick<Host, 'config'> = { config: { providers: {}, models, groups } }
  await plugin.setup?.(host as Host)
  return (model, given, options = {}) => {
    const values = new Map<symbol, unknown>([[group.id, options.group]])
    const targets = [...given]
    const dropped: Record<string, string> = {}
    let attempts = 0
    let place = -1
    let repeat = false
    const shared = {
      model,
      signal: new AbortController().signal,
      peek: <T>(key: Key<T>): T | undefined => values.get(key.id) as T | undefined,
      set: <T>(key: Key<T>, value: T): void => void values.set(key.id, value),
    }
    return {
      route: async () => {
        const context = {
          ...shared,
          targets,
          drop: (target: Target, why: string): void => {
            const index = targets.indexOf(target)
            if (index < 0) throw new Error('dropped a target that is not there')
            targets.splice(index, 1)
            dropped[nameOf(target)] = why
          },
        }
        await hookOf(plugin, 'route')(context as Partial<RouteContext> as RouteContext)
        return { order: targets.map(nameOf), whys: targets.map((target) => target.why ?? ''), dropped }
      },
      attempt: (outcome = {}) => {
        attempts++
        if (!repeat) place++
        const target = targets[place]
        if (!target) throw new Error('no target is left to attempt')
        const context = { ...shared, target, attempt: attempts }
        const answer = hookOf(plugin, 'route.outcome')(context as Partial<AttemptContext> as AttemptContext, {
          committed: outcome.error === undefined,
          ms: 100,
          ...outcome,
        })
        repeat = answer === 'retry'
        return answer
      },
    }
  }
}

/** An error of an upstream. */
export function upstream(name: ErrorClass, more: Partial<GatewayErrorData> = {}): GatewayErrorData {
  return new GatewayError({ class: name, message: name, source: 'upstream', ...more }).data
}

/** `provider/model` with its credential. */
export function nameOf(target: Target): string {
  return `${target.provider}/${target.model}${target.credential === undefined ? '' : `#${target.credential}`}`
}

/** A target from that spelling. */
export function target(name: string): Target {
  const [path = '', credential] = name.split('#')
  const [provider = '', model = ''] = path.split('/')
  return {
    provider,
    model,
    protocol: 'chat',
    ...(credential === undefined ? {} : { credential: Number(credential) }),
  }
}

/** A seeded generator of numbers from 0 up to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function hookOf<H extends 'route' | 'route.outcome'>(plugin: Plugin, name: H): Hooks[H] {
  const hook = plugin.hooks?.[name]
  if (typeof hook !== 'function') throw new Error(`no plain ${name} hook`)
  return hook as Hooks[H]
}
