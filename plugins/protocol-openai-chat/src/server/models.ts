import {
  GatewayError,
  type JsonObject,
  type ListModelsRequest,
  type ModelInfo,
  type ModelList,
  type Route,
  type ServerCodec,
  type ServerContext,
  type WireRequest,
} from '@gantry/core'
import { ownFields } from '../own.ts'

/**
 * `GET /models` is three APIs on one path: an Anthropic client shows `anthropic-version` or its user agent, a Gemini
 * client its own headers. Everybody else is answered here.
 */
const match: Route['match'] = ({ headers }) =>
  !headers.has('anthropic-version') &&
  !headers.has('x-goog-api-key') &&
  !headers.has('x-goog-api-client') &&
  !/^claude-(?:code|cli)\//i.test(headers.get('user-agent') ?? '')

/** The list of models and one model; core knows them, this only writes them. */
export const modelsCodec: ServerCodec<'listModels'> = {
  routes: [
    { method: 'GET', path: '/models', match },
    { method: 'GET', path: '/models/**:id', match },
  ],
  decodeRequest(wire: WireRequest): ListModelsRequest {
    const id = wire.params['id']
    if (id) return { id: decoded(id) }
    const query = new URLSearchParams(wire.path.split('?')[1] ?? '')
    const after = query.get('after')
    const limit = Number(query.get('limit') ?? '')
    return { ...(after && { after }), ...(Number.isSafeInteger(limit) && limit > 0 && { limit }) }
  },
  encodeResponse(response: ModelList, context: ServerContext<'listModels'>): JsonObject {
    const { id } = context.request
    if (id === undefined) {
      return {
        object: 'list',
        data: response.models.map(encodeModel),
        ...(response.more && { has_more: true }),
      }
    }
    const model = response.models.find((candidate) => candidate.id === id) ?? response.models[0]
    if (model) return encodeModel(model)
    throw new GatewayError({
      class: 'not_found',
      code: 'model_not_found',
      param: 'model',
      message: `The model '${id.slice(0, 200)}' does not exist or you do not have access to it.`,
    })
  },
}

function encodeModel(model: ModelInfo): JsonObject {
  return {
    ...ownFields(model),
    id: model.id,
    object: 'model',
    created: model.createdAt ?? 0,
    owned_by: model.ownedBy ?? 'gateway',
  }
}

/** Ids arrive percent-encoded (`gpt%2Fx`); a broken escape is taken as it stands. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
