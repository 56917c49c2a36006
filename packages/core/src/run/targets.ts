import type { Operation, Protocol, Target } from '../contract/index.ts'
import type { GroupPlan, ModelPlan } from '../config/blueprint.ts'
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
    const speaks: readonly string[] = 'speaks' in provider ? provider.speaks : []
    const protocol =
      one.protocol ??
      (speaks.length === 0 || speaks.includes(context.protocol) ? context.protocol : speaks[0]!)
    const quirks = 'quirks' in provider ? provider.quirks?.[protocol] : undefined
    const credentials = 'credentials' in provider ? (provider.credentials ?? 1) : 1
    for (let credential = 0; credential < credentials; credential++) {
      const target: Target = {
        provider: one.provider,
        protocol,
        model: one.model,
        ...(credentials > 1 ? { credential } : {}),
        ...(plan.entry.maxOutputTokens === undefined ? {} : { maxOutputTokens: plan.entry.maxOutputTokens }),
        ...(quirks ? { quirks } : {}),
      }
      context.targets.push(target)
      if (group?.providers && !group.providers.has(one.provider))
        context.drop(target, 'not a provider of the group')
      else if (one.explicit && (asDefault || index > 0 || plan.name !== one.model)) {
        context.drop(target, 'only for requests that name it')
      } else if ('speaks' in provider && !speaksOperation(runtime.protocol(protocol), context.operation)) {
        context.drop(target, `no client for ${context.operation} in ${protocol}`)
      }
    }
  }
}

/** Refuses when nothing is left, naming the reasons in the log only. */
export function requireTargets(runtime: Runtime, context: RequestContext): void {
  if (context.targets.length > 0) return
  runtime.logger.warn('no target is left', { id: context.id, model: context.model, dropped: context.dropped })
  throw new GatewayError({
    class: 'overloaded',
    code: 'no_target',
    message: `No provider is available for the model ${quote(context.model)} right now.`,
  })
}

function speaksOperation(protocol: Protocol | undefined, operation: Operation): boolean {
  return protocol?.client?.codecs[operation] !== undefined
}

/** A client's text in a message: short and on one line. */
function quote(name: string): string {
  const clean = name.replace(/[\p{Cc}\p{Cf}]/gu, ' ')
  return `"${clean.length > 100 ? `${clean.slice(0, 100)}…` : clean}"`
}
