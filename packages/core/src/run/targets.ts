import type { Operation, Provider, Target } from '../contract/index.ts'
import type { GroupPlan, ModelPlan, PlannedTarget } from '../config/blueprint.ts'
import { GatewayError } from '../error.ts'
import type { RequestContext } from './context.ts'
import type { Runtime } from './runtime.ts'

/** The model that is asked for, or a refusal that says why not. */
export function findModel(runtime: Runtime, name: string, group: GroupPlan | undefined): ModelPlan {
  const plan = runtime.blueprint.models.get(name)
  if (!plan) {
    throw new GatewayError({
      class: 'not_found',
      code: 'model_not_found',
      param: 'model',
      message: `The model ${quote(name)} does not exist here. GET /v1/models lists those your key may use.`,
    })
  }
  if (group && !group.allows(name)) {
    throw new GatewayError({
      class: 'permission',
      code: 'model_not_available',
      param: 'model',
      message: `The model ${quote(name)} is not available to the group of your key.`,
    })
  }
  return plan
}

/** Fills `context.targets`: every planned target the group may use, one per credential, in the config's order. */
export function planTargets(
  runtime: Runtime,
  context: RequestContext,
  plan: ModelPlan,
  group: GroupPlan | undefined,
  asDefault: boolean,
): void {
  const planned = plan.targets.toSorted((a, b) => a.priority - b.priority)
  for (const [index, one] of planned.entries()) {
    const provider = runtime.blueprint.slots.provider.get(one.provider)
    if (!provider) continue
    const protocol = one.protocol ?? protocolFor(runtime, provider, context.protocol, context.operation)
    const quirks = 'quirks' in provider ? provider.quirks?.[protocol] : undefined
    const credentials = 'credentials' in provider ? (provider.credentials ?? 1) : 1
    const why = whyNot()
    for (let credential = 0; credential < credentials; credential++) {
      const target: Target = Object.freeze({
        provider: one.provider,
        protocol,
        model: one.model,
        ...(credentials > 1 ? { credential } : {}),
        ...(plan.entry.maxOutputTokens === undefined ? {} : { maxOutputTokens: plan.entry.maxOutputTokens }),
        ...(quirks ? { quirks } : {}),
      })
      if (why === undefined) context.targets.push(target)
      else context.dropped.push({ target, why })
    }

    function whyNot(): string | undefined {
      if (group?.providers && !group.providers.has(one.provider)) return 'not a provider of the group'
      if (!mayServe(plan, one, index) || (one.explicit && asDefault)) return 'only for requests that name it'
      if (speaksOperation(runtime, provider!, protocol, context.operation)) return undefined
      return `no client for ${context.operation} in ${protocol}`
    }
  }
}

/** An explicit target serves its own name only, and only as the first: never by alias, never as a fallback. */
export function mayServe(plan: ModelPlan, target: PlannedTarget, index: number): boolean {
  return !target.explicit || (index === 0 && plan.name === target.model)
}

/** Refuses when nothing is left, naming the reasons in the log only. What a hook put there has to exist. */
export function requireTargets(runtime: Runtime, context: RequestContext): void {
  for (const target of context.targets.slice()) {
    const provider = runtime.blueprint.slots.provider.get(target.provider)
    if (provider && speaksOperation(runtime, provider, target.protocol, context.operation)) continue
    const { provider: name, protocol, model } = target
    runtime.logger.error('a route hook made a target that does not exist', {
      id: context.id,
      target: { provider: name, protocol, model },
    })
    context.drop(target, 'does not exist')
  }
  if (context.targets.length > 0) return
  runtime.logger.warn('no target is left', { id: context.id, model: context.model, dropped: context.dropped })
  throw new GatewayError({
    class: 'overloaded',
    code: 'no_target',
    message: `No provider is available for the model ${quote(context.model)} right now.`,
  })
}

/** The client's own protocol if the provider speaks it, else the first it speaks in which the operation can be asked. */
export function protocolFor(
  runtime: Runtime,
  provider: Provider,
  client: string,
  operation: Operation,
): string {
  if (!('speaks' in provider)) return client
  const speaks: readonly string[] = provider.speaks
  if (speaks.includes(client)) return client
  return speaks.find((name) => speaksOperation(runtime, provider, name, operation)) ?? speaks[0]!
}

/** A provider that makes events itself only generates. */
function speaksOperation(
  runtime: Runtime,
  provider: Provider,
  protocol: string,
  operation: Operation,
): boolean {
  if ('generate' in provider) return operation === 'generate' || operation === 'compact'
  const codecs = runtime.protocol(protocol)?.client?.codecs
  // Core has a conversation summarised where no wire compacts it.
  return codecs?.[operation] !== undefined || (operation === 'compact' && codecs?.generate !== undefined)
}

/** A client's text in a message: short and on one line. */
function quote(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  return `"${clean.length > 100 ? `${clean.slice(0, 100)}…` : clean}"`
}
