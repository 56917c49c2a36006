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
import { ownFields } from './place.ts'

/** Page sizes of the vendor (API reference, "List Models"). */
const defaultLimit = 20
const maxLimit = 1000

/**
 * `GET /models` is three APIs on one path: Anthropic's clients show their version or who they are. Claude Code shows both
 * and lists with `?limit=1000`.
 */
const match: Route['match'] = ({ headers }) =>
  headers.has('anthropic-version') || /^claude-(?:code|cli)\//i.test(headers.get('user-agent') ?? '')

/** The list of models, page by page, and one model; core knows them, this only writes them. */
export const modelsCodec: ServerCodec<'listModels'> = {
  routes: [
    { method: 'GET', path: '/models', match },
    { method: 'GET', path: '/models/**:id', match },
  ],
  decodeRequest(wire: WireRequest): ListModelsRequest {
    const id = wire.params['id']
    if (id) return { id: decoded(id) }
    const query = new URLSearchParams(wire.path.split('?')[1] ?? '')
    const after = query.get('after_id')
    const before = query.get('before_id')
    return {
      ...(after && { after }),
      ...(before && { before }),
      limit: limitOf(query.get('limit')),
    }
  },
  encodeResponse(response: ModelList, context: ServerContext<'listModels'>): JsonObject {
    const { id } = context.request
    if (id === undefined) {
      const data = response.models.map(encodeModel)
      return {
        data,
        // A page without models that claims more would be asked for again for ever.
        has_more: response.more === true && data.length > 0,
        first_id: data[0]?.['id'] ?? null,
        last_id: data.at(-1)?.['id'] ?? null,
      }
    }
    const model = response.models.find((candidate) => candidate.id === id) ?? response.models[0]
    if (model) return encodeModel(model)
    throw new GatewayError({ class: 'not_found', message: `model: ${id.slice(0, 200)}`, param: 'model' })
  },
}

function encodeModel(model: ModelInfo): JsonObject {
  return {
    capabilities: null,
    ...ownFields(model.extra),
    type: 'model',
    id: model.id,
    display_name: model.displayName ?? model.id,
    // The vendor's own word for "not known" is the epoch.
    created_at: new Date((model.createdAt ?? 0) * 1000).toISOString().replace('.000Z', 'Z'),
    max_input_tokens: model.inputLimit ?? null,
    max_tokens: model.outputLimit ?? null,
  }
}

function limitOf(text: string | null): number {
  if (text === null || text === '') return defaultLimit
  const limit = Number(text)
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= maxLimit) return limit
  throw new GatewayError({
    class: 'invalid_request',
    param: '/limit',
    message: `limit: Input should be a whole number between 1 and ${maxLimit}`,
  })
}

/** Ids arrive percent-encoded (`gpt%2Fx`); a broken escape is taken as it stands. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
