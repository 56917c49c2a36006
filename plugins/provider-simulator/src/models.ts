import type { JsonObject } from '@gantry/core'
import { WireError } from './refusal.ts'
import { createdAt } from './wire.ts'

const defaultModels = ['simulator']

/** The model list, or one model, in the shape of the vendor whose client asks. */
export function listModels(
  models: readonly string[] | undefined,
  id: string | undefined,
  anthropic: boolean,
): JsonObject {
  const known = models ?? defaultModels
  if (id !== undefined) {
    if (models && !models.includes(id)) throw unknownModel(id, anthropic)
    return anthropic ? anthropicModel(id) : chatModel(id)
  }
  if (!anthropic) return { object: 'list', data: known.map(chatModel) }
  return {
    data: known.map(anthropicModel),
    has_more: false,
    first_id: known[0] ?? null,
    last_id: known.at(-1) ?? null,
  }
}

/** The vendor's answer to a model it does not have. */
export function unknownModel(model: string, anthropic: boolean): WireError {
  if (anthropic) return new WireError(404, `model: ${model}`)
  const message = `The model \`${model}\` does not exist or you do not have access to it.`
  return new WireError(404, message, null, 'model_not_found')
}

function chatModel(id: string): JsonObject {
  return { id, object: 'model', created: createdAt, owned_by: 'simulator' }
}

function anthropicModel(id: string): JsonObject {
  return { type: 'model', id, display_name: id, created_at: new Date(createdAt * 1000).toISOString() }
}
