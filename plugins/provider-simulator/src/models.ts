import type { JsonObject } from '@gantry/core'
import { WireError } from './refusal.ts'
import { createdAt } from './wire.ts'

const defaultModels = ['simulator']
const defaultPage = 20
const mostModels = 1000

/** The model list, or one model, in the shape of the vendor whose client asks; Anthropic's comes in pages. */
export function listModels(
  models: readonly string[] | undefined,
  id: string | undefined,
  anthropic: boolean,
  query: URLSearchParams,
): JsonObject {
  const known = models ?? defaultModels
  if (id !== undefined) {
    if (!models || models.includes(id)) return anthropic ? anthropicModel(id) : chatModel(id)
    throw anthropic ? new WireError(404, `model: ${id}`) : modelNotFound(id)
  }
  if (!anthropic) return { object: 'list', data: known.map(chatModel) }
  const limit = Math.min(Math.max(1, Number(query.get('limit')) || defaultPage), mostModels)
  const { from, to } = pageOf(known, limit, query.get('after_id'), query.get('before_id'))
  const page = known.slice(from, to)
  return {
    data: page.map(anthropicModel),
    has_more: query.has('before_id') ? from > 0 : to < known.length,
    first_id: page[0] ?? null,
    last_id: page.at(-1) ?? null,
  }
}

function pageOf(
  known: readonly string[],
  limit: number,
  after: string | null,
  before: string | null,
): { readonly from: number; readonly to: number } {
  if (before !== null) {
    const to = Math.max(0, known.indexOf(before))
    return { from: Math.max(0, to - limit), to }
  }
  const from = after === null ? 0 : known.indexOf(after) + 1
  return { from, to: Math.min(known.length, from + limit) }
}

/** OpenAI's answer to a model it does not have. */
export function modelNotFound(model: string): WireError {
  const message = `The model \`${model}\` does not exist or you do not have access to it.`
  return new WireError(404, message, null, 'model_not_found')
}

function chatModel(id: string): JsonObject {
  return { id, object: 'model', created: createdAt, owned_by: 'simulator' }
}

function anthropicModel(id: string): JsonObject {
  return { type: 'model', id, display_name: id, created_at: new Date(createdAt * 1000).toISOString() }
}
