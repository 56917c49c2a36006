import type { JsonObject } from '@gantry/core'
import { absent, isObject, objects, text } from '../json.ts'
import { WireError } from '../refusal.ts'
import type { Stored } from '../wire.ts'
import { typeOf } from './check-items.ts'
import { checkPairs } from './check-pairs.ts'

/** Answers that are kept, in memory; the oldest go first. */
export interface ResponseStore {
  find(id: string): Stored | undefined
  save(id: string, stored: Stored): void
  remove(id: string): boolean
  /** An item that was said in one of them. */
  item(id: string): JsonObject | undefined
}

/** A store of the last 1,000 answers. */
export function responseStore(most = 1000): ResponseStore {
  const kept = new Map<string, Stored>()
  const items = new Map<string, JsonObject>()
  const remove = (id: string): boolean => {
    for (const item of kept.get(id)?.output ?? []) items.delete(String(item.id))
    return kept.delete(id)
  }
  return {
    find: (id) => kept.get(id),
    remove,
    item: (id) => items.get(id),
    save(id, stored) {
      remove(id)
      kept.set(id, stored)
      for (const item of stored.output) items.set(String(item.id), item)
      const oldest = kept.size > most ? kept.keys().next().value : undefined
      if (oldest !== undefined) remove(oldest)
    },
  }
}

/**
 * The whole conversation a request is about: kept answers it goes on from, references put in, pairs checked.
 * Throws the vendor's refusal of what is not kept.
 */
export function recall(body: JsonObject, store: ResponseStore): JsonObject {
  const { previous_response_id: previous, conversation, input } = body
  if (!absent(conversation)) {
    const id = isObject(conversation) ? text(conversation.id) : text(conversation)
    throw new WireError(404, `Conversation with id '${id ?? ''}' not found.`)
  }
  const before = typeof previous === 'string' ? store.find(previous) : undefined
  if (typeof previous === 'string' && !before) {
    throw new WireError(
      400,
      `Previous response with id '${previous}' not found.`,
      'previous_response_id',
      'previous_response_not_found',
    )
  }
  const asked = itemsOf(input).map((item) => kept(item, store))
  const all = [...(before ? [...itemsOf(before.input), ...before.output] : []), ...asked]
  checkPairs(all)
  return { ...body, input: all }
}

/** An input as items, whichever way it was written. */
export function itemsOf(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return objects(input)
}

function kept(item: JsonObject, store: ResponseStore): JsonObject {
  const type = typeOf(item)
  const bare = type === 'reasoning' && absent(item.encrypted_content)
  if (type !== 'item_reference' && !bare) return item
  const id = String(item.id)
  const found = store.item(id)
  if (found) return bare ? item : found
  throw new WireError(
    404,
    `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    'input',
  )
}
