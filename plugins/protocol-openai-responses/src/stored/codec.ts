import {
  GatewayError,
  type Json,
  type JsonObject,
  type ServerCodec,
  type StoredRequest,
  type WireRequest,
} from '@gantry/core'
import { isObject } from '@gantry/core/codec'

/** `GET` and `DELETE /responses/{id}`, its `input_items` and its `cancel`. */
export const storedCodec: ServerCodec<'stored'> = {
  routes: [
    { method: 'GET', path: '/responses/:id' },
    { method: 'DELETE', path: '/responses/:id' },
    { method: 'GET', path: '/responses/:id/input_items' },
    { method: 'POST', path: '/responses/:id/cancel' },
  ],
  decodeRequest,
  encodeResponse({ id, body, items }, { request }) {
    switch (request.action) {
      case 'delete':
        return { id, object: 'response', deleted: true }
      case 'items':
        return listOf(itemsOf(id, items), request)
      default:
        return body
    }
  },
}

/** Items on a page at most, as at the vendor. */
const mostItems = 100

function decodeRequest(wire: WireRequest): StoredRequest {
  const id = wire.params['id'] ?? ''
  const { pathname, searchParams } = new URL(wire.path, 'http://gateway')
  if (pathname.endsWith('/cancel') && wire.method === 'POST') return { action: 'cancel', id }
  if (wire.method === 'DELETE') return { action: 'delete', id }
  if (searchParams.get('stream') === 'true') {
    throw wrong('stream', 'Only a response that runs in the background can be streamed again.')
  }
  if (!pathname.endsWith('/input_items')) return { action: 'get', id }
  const after = searchParams.get('after')
  const order = searchParams.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') throw wrong('order', "'order' has to be 'asc' or 'desc'.")
  const limit = Number(searchParams.get('limit') ?? 20)
  if (!Number.isInteger(limit) || limit < 1 || limit > mostItems)
    throw wrong('limit', `'limit' has to be a whole number from 1 to ${mostItems}.`)
  return { action: 'items', id, limit, order, ...(after !== null && { after }) }
}

/** Items as a list shows them: each with an id, its own where the client gave one. */
function itemsOf(id: string, items: readonly Json[]): readonly JsonObject[] {
  const base = id.replace(/^resp_/, '')
  return items.filter(isObject).map((item, index) => {
    const type = item['type'] ?? 'message'
    const { content } = item
    return {
      ...item,
      type,
      id: typeof item['id'] === 'string' ? item['id'] : `${prefixOf(type)}${base}_${index}`,
      ...(type === 'message' &&
        typeof content === 'string' && {
          content: [{ type: item['role'] === 'assistant' ? 'output_text' : 'input_text', text: content }],
        }),
    }
  })
}

function listOf(items: readonly JsonObject[], { after, limit = 20, order }: StoredRequest): JsonObject {
  const ordered = order === 'asc' ? items : items.toReversed()
  const start = after === undefined ? 0 : ordered.findIndex((item) => item['id'] === after) + 1
  const data = ordered.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: start + limit < ordered.length,
  }
}

function prefixOf(type: Json): string {
  switch (type) {
    case 'function_call':
    case 'function_call_output':
      return 'fc_'
    case 'custom_tool_call':
    case 'custom_tool_call_output':
      return 'ctc_'
    case 'reasoning':
      return 'rs_'
    default:
      return 'msg_'
  }
}

function wrong(param: string, message: string): GatewayError {
  return new GatewayError({ class: 'invalid_request', code: 'invalid_value', param: `/${param}`, message })
}
