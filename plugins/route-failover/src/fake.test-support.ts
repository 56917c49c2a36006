import {
  type AttemptOutcome,
  type ErrorClass,
  GatewayError,
  type GatewayErrorData,
  group,
  type Plugin,
  type ResolvedConfig,
  type Target,
} from '@gantry/core'
import { captureContext, createFakeHost, runHook } from '@gantry/testing'

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
  await plugin.setup?.(createFakeHost({ config: { models, groups } }))
  return (model, given, options = {}) => {
    const captured = captureContext({ model, targets: given })
    if (options.group !== undefined) captured.context.set(group, options.group)
    const routed = captured.route()
    let attempts = 0
    let place = -1
    let repeat = false
    return {
      route: async () => {
        await runHook(plugin, 'route', routed)
        const dropped = captured.dropped.map((one) => [nameOf(one.target), one.why] as const)
        return {
          order: routed.targets.map(nameOf),
          whys: routed.targets.map((one) => one.why ?? ''),
          dropped: Object.fromEntries(dropped),
        }
      },
      attempt: (outcome = {}) => {
        attempts++
        if (!repeat) place++
        const target = routed.targets[place]
        if (!target) throw new Error('no target is left to attempt')
        const answer = runHook(plugin, 'route.outcome', captured.attempt({ target, attempt: attempts }), {
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
