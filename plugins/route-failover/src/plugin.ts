import {
  type AttemptContext,
  type AttemptOutcome,
  defineKey,
  definePlugin,
  group,
  type Host,
  type Key,
  type PlannedTarget,
  planTargets,
  type Plugin,
  type ResolvedConfig,
  type RouteContext,
  type Target,
} from '@gantry/core'
import { faultOf } from './fault.ts'
import { createHealth, type Health } from './health.ts'
import { optionsSchema, type ResolvedOptions, type RouteFailoverOptions } from './options.ts'
import { orderTargets } from './order.ts'

/** What failover remembers of one request: how many targets it left, and whether one was tried twice. */
const budget: Key<{ readonly targets: number; readonly retried: boolean }> =
  defineKey('route-failover.budget')

/**
 * Orders the targets of a request and decides what comes after a failed attempt. Learns from every attempt, in memory
 * of this instance: a refused credential, a rate limit or a failing target stays out for a while.
 */
export const routeFailover: (options?: RouteFailoverOptions) => Plugin = definePlugin({
  name: 'route-failover',
  schema: optionsSchema,
  create: createFailover,
})

function createFailover(options: ResolvedOptions): Plugin {
  const health = createHealth(options)
  const plans = new Map<string, readonly PlannedTarget[]>()
  let config: ResolvedConfig | undefined
  const read = (host: Host): void => {
    config = host.config
    plans.clear()
    for (const [name, entry] of Object.entries(host.config.models)) plans.set(name, planTargets(entry.to))
  }
  return {
    name: 'route-failover',
    // What is cooling down stays so when the config is edited.
    keep: true,
    writes: [budget],
    setup: read,
    adopt: read,
    hooks: {
      route: (context) => {
        dropForeign(context, config)
        dropCooling(context, health, options.now())
        const ordered = orderTargets(context.targets, plans.get(context.model) ?? [], options.random)
        const ranked = ordered.map(({ target, why }) => ({
          ...target,
          why: target.why ? `${why}; ${target.why}` : why,
        }))
        context.targets.splice(0, context.targets.length, ...ranked)
        context.set(budget, { targets: context.targets.length, retried: false })
      },
      'route.outcome': (context, outcome) => {
        health.learn(context.target, outcome)
        return decide(context, outcome, options)
      },
    },
  }
}

// ---

/** Core leaves these out already; a gateway that builds its own targets may not. */
function dropForeign(context: RouteContext, config: ResolvedConfig | undefined): void {
  const name = context.peek(group)
  const to = name === undefined ? undefined : config?.groups[name]?.to
  if (!to) return
  const foreign = context.targets.filter((target) => !to.includes(target.provider))
  for (const target of foreign) context.drop(target, `not a provider of the group "${name}"`)
}

/** Drops what is cooling down; if that is everything, the one that is soonest back stays, because it may be well again. */
function dropCooling(context: RouteContext, health: Health, now: number): void {
  const cooling: { target: Target; until: number; why: string }[] = []
  for (const target of context.targets) {
    const cooldown = health.cooldown(target)
    if (cooldown) cooling.push({ target, ...cooldown })
  }
  if (cooling.length === context.targets.length) {
    const soonest = cooling.toSorted((left, right) => left.until - right.until).shift()
    if (!soonest) return
    cooling.splice(
      cooling.findIndex((one) => one.target === soonest.target),
      1,
    )
    const index = context.targets.indexOf(soonest.target)
    context.targets[index] = { ...soonest.target, why: `${soonest.why}, but nothing else is left` }
  }
  for (const { target, until, why } of cooling) {
    context.drop(target, `${why}; out for ${Math.ceil((until - now) / 1000)} s more`)
  }
}

function decide(
  context: AttemptContext,
  outcome: AttemptOutcome,
  options: ResolvedOptions,
): void | 'retry' | 'next' | 'stop' {
  const { error } = outcome
  if (!error) return
  if (outcome.committed || context.signal.aborted || context.attempt >= options.attempts) return 'stop'
  // The gateway's own trouble: core knows whether it is worth another try.
  if (error.source !== 'upstream') return undefined
  const fault = faultOf(error)
  if (fault === 'request') return 'stop'
  const left = context.peek(budget)
  const tried = left?.retried ? context.attempt - 1 : context.attempt
  if (left && tried >= left.targets && !left.retried && fault === 'target' && outcome.sent === false) {
    context.set(budget, { ...left, retried: true })
    return 'retry'
  }
  return 'next'
}
