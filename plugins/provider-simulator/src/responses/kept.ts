import type { Json, JsonObject } from '@gantry/core'
import { isObject } from '../json.ts'
import { WireError } from '../refusal.ts'
import type { Stored } from '../wire.ts'
import { itemId } from './items.ts'
import { finalState, responseObject } from './response.ts'
import type { ResponseStore } from './store.ts'
import { framesResponse } from './write.ts'

/** What is said of an answer that is kept: a body, or the events of its stream. */
export type KeptAnswer = { readonly body: JsonObject } | { readonly events: readonly string[] }

/** Answers a request about a kept answer, or nothing where the path is none of theirs. */
export function keptAnswer(
  store: ResponseStore,
  method: string,
  at: string,
  query: URLSearchParams,
): KeptAnswer | undefined {
  const [, id, more] = /^\/responses\/(resp_[\w-]{1,100})(?:\/(input_items|cancel))?$/.exec(at) ?? []
  if (id === undefined) return undefined
  const asked = `${method} ${more ?? ''}`.trim()
  if (!['GET', 'DELETE', 'GET input_items', 'POST cancel'].includes(asked)) return undefined
  const stored = store.find(id)
  if (!stored) throw new WireError(404, `Response with id '${id}' not found.`)
  if (asked === 'DELETE') {
    store.remove(id)
    return { body: { id, object: 'response', deleted: true } }
  }
  if (asked === 'GET input_items') return { body: inputItems(stored, query) }
  if (asked === 'POST cancel' && stored.reply.body.background !== true) {
    throw new WireError(400, 'Cannot cancel a synchronous response.')
  }
  if (query.get('stream') === 'true') return { events: eventsAfter(stored, query.get('starting_after')) }
  return { body: responseObject(stored.reply, finalState(stored.reply)) }
}

function eventsAfter({ reply }: Stored, after: string | null): readonly string[] {
  const events = Array.from(framesResponse(reply), ({ text }) => text)
  return after === null ? events : events.slice(Number(after) + 1)
}

const defaultPage = 20
const mostItems = 100

/** A page of what was asked, the newest first unless asked otherwise. */
function inputItems({ reply, input }: Stored, query: URLSearchParams): JsonObject {
  const items = input.map((item, index): Json =>
    isObjectWithId(item) ? item : { ...asObject(item), id: itemId('msg', reply, 100 + index) },
  )
  const ordered = query.get('order') === 'asc' ? items : items.toReversed()
  const idOf = (item: Json | undefined): string | null =>
    item === undefined ? null : String(asObject(item).id)
  const from = query.has('after') ? ordered.findIndex((item) => idOf(item) === query.get('after')) + 1 : 0
  const limit = Math.min(Math.max(1, Number(query.get('limit') ?? defaultPage) || defaultPage), mostItems)
  const data = ordered.slice(from, from + limit)
  return {
    object: 'list',
    data: [...data],
    first_id: idOf(data[0]),
    last_id: idOf(data.at(-1)),
    has_more: from + limit < ordered.length,
  }
}

function asObject(item: Json): JsonObject {
  return isObject(item) ? item : {}
}

function isObjectWithId(item: Json): boolean {
  return typeof asObject(item).id === 'string'
}
