import { type ConversationMemory, GatewayError, type Json, type JsonObject } from '@gantry/core'
import { isObject, readBoolean, readString } from '@gantry/core/codec'

/**
 * The memory behind `store` and `previous_response_id`. What is kept never reaches an upstream's own storage: there all
 * accounts of this gateway would be one. `keepMs` in milliseconds; absent, every request stands for itself.
 */
export function memory(keepMs?: number): ConversationMemory {
  return {
    ...(keepMs !== undefined && { keepMs }),
    asks(body) {
      refuseForeignState(body)
      const previous = readString(body, 'previous_response_id', '')
      // Kept unless the client declines, as at the vendor. A word in place of it may have been meant to.
      const keep = readBoolean(body, 'store', '') ?? true
      return previous === undefined ? { keep } : { previous, keep }
    },
    items: inputItems,
    withItems,
    mark: '"response"',
    answer(message) {
      const response = isObject(message['response']) ? message['response'] : message
      const { id, status, output } = response
      if (response['object'] !== 'response' || typeof id !== 'string') return undefined
      // One that failed is no parent: the next request would continue half a turn.
      if (status !== 'completed' && status !== 'incomplete') return undefined
      return { id, body: response, items: Array.isArray(output) ? output.filter(mayReturn) : [] }
    },
    notFound: (id) =>
      new GatewayError({
        class: 'invalid_request',
        code: 'previous_response_not_found',
        param: 'previous_response_id',
        message:
          keepMs === undefined
            ? `This gateway keeps no responses, so "${id}" cannot be continued. Send the whole conversation.`
            : `The previous response "${id}" was not found.`,
      }),
  }
}

/** What is new in a request, as items. */
export function inputItems(body: JsonObject): readonly Json[] {
  const { input } = body
  if (typeof input === 'string')
    return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }]
  return Array.isArray(input) ? input : []
}

/** The request with all of `items`. Reasoning is asked for in the form that can be sent back. */
export function withItems(body: JsonObject, items: readonly Json[]): JsonObject {
  const { previous_response_id: _previous, include, ...rest } = body
  // What is no list is not mended here: who reads the request says what is wrong with it.
  const listed = include ?? []
  const asked =
    Array.isArray(listed) && !listed.includes(encrypted)
      ? [...(listed as readonly Json[]), encrypted]
      : listed
  // An input that holds no items is left to who reads it, as well.
  return { ...rest, ...(items.length > 0 && { input: items.filter(isNoTrigger) }), include: asked }
}

/** The wish to compact what came before was heard once; the wire takes it in the last place only. */
function isNoTrigger(item: Json, index: number, items: readonly Json[]): boolean {
  return !isObject(item) || item['type'] !== 'compaction_trigger' || index === items.length - 1
}

const encrypted = 'reasoning.encrypted_content'

/** An id alone means nothing to an upstream that stores nothing. */
function mayReturn(item: Json): boolean {
  return !isObject(item) || item['type'] !== 'reasoning' || typeof item['encrypted_content'] === 'string'
}

function refuseForeignState(body: JsonObject): void {
  if (body['conversation'] !== undefined && body['conversation'] !== null) {
    throw unsupported(
      'conversation',
      'This gateway keeps no conversations. Use previous_response_id, or send the whole conversation.',
    )
  }
  if (body['background'] === true) {
    throw unsupported('background', 'This gateway runs no responses in the background.')
  }
}

function unsupported(field: string, message: string): GatewayError {
  return new GatewayError({
    class: 'invalid_request',
    code: 'unsupported_parameter',
    param: `/${field}`,
    message,
  })
}
