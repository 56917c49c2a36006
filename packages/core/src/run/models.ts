import type { ListModelsRequest, ModelInfo, ServerCodec } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { Answer } from './exchange.ts'
import type { Journey } from './journey.ts'
import { mayServe } from './targets.ts'

/** Answers from the route table and the key's group: exactly the models a request of this key may name. */
export function answerModels(journey: Journey): Answer {
  const { runtime, context, protocol } = journey
  const codec = protocol.server!.codecs.listModels as ServerCodec<'listModels'>
  // The list has no body; an empty one lets the codec read path and query through the same wire.
  journey.wire.open(new Uint8Array())
  const request: ListModelsRequest = codec.decodeRequest(context.wire)
  let models: readonly ModelInfo[] = visibleModels(journey)
  if (request.id !== undefined) {
    models = models.filter((model) => model.id === request.id)
    if (models.length === 0) {
      throw new GatewayError({
        class: 'not_found',
        code: 'model_not_found',
        param: 'model',
        message: `The model "${request.id.slice(0, 100)}" does not exist here or is not available to your key.`,
      })
    }
  }
  const body = codec.encodeResponse(page(models, request), {
    wire: context.wire,
    request,
    requestId: context.id,
    report: (loss) => context.report(loss),
  })
  journey.finish({ outcome: 'completed', status: 200, usage: { tokens: {}, source: 'none', final: true } })
  runtime.logger.debug('models listed', { id: context.id, count: models.length })
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  }
}

/** Models of the group with at least one target the group may use. */
function visibleModels(journey: Journey): ModelInfo[] {
  const { runtime, group } = journey
  const models: ModelInfo[] = []
  for (const plan of runtime.blueprint.models.values()) {
    if (group && !group.allows(plan.name)) continue
    const planned = plan.targets.toSorted((a, b) => a.priority - b.priority)
    const target = planned.find(
      (one, index) =>
        mayServe(plan, one, index) &&
        runtime.blueprint.slots.provider.has(one.provider) &&
        (!group?.providers || group.providers.has(one.provider)),
    )
    if (!target) continue
    models.push({
      id: plan.name,
      ownedBy: target.provider,
      ...(plan.entry.maxOutputTokens === undefined ? {} : { outputLimit: plan.entry.maxOutputTokens }),
    })
  }
  return models
}

function page(
  models: readonly ModelInfo[],
  request: ListModelsRequest,
): { models: readonly ModelInfo[]; more?: boolean } {
  let list = models
  if (request.after !== undefined)
    list = list.slice(list.findIndex((model) => model.id === request.after) + 1)
  if (request.before !== undefined) {
    const at = list.findIndex((model) => model.id === request.before)
    if (at >= 0) list = list.slice(0, at)
  }
  if (request.limit === undefined || list.length <= request.limit) return { models: list }
  // Backwards it is the page just before the cursor.
  const page = request.before === undefined ? list.slice(0, request.limit) : list.slice(-request.limit)
  return { models: page, more: true }
}
