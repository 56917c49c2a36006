import type { JsonObject, Part } from '@gantry/core'
import { kindOfItem } from '../item-kinds.ts'
import { readItemPart } from '../item-parts.ts'
import { numberOf, objectOf, objectsOf, stringOf } from '../own.ts'
import { openCall } from './open-call.ts'
import type { Emit, ItemScope, OpenItem } from './open-item.ts'
import { openMessage } from './open-message.ts'
import { openPlain } from './open-plain.ts'
import { openReasoning } from './open-reasoning.ts'

/** The output items of one streamed response. */
export interface Output {
  /** Handles an event about the output; false when it means nothing to it. */
  take(type: string, event: JsonObject, emit: Emit): boolean
  /** The response is over: items that were never streamed are added from its own list, open ones are closed. */
  finish(response: JsonObject, emit: Emit): void
  /** Every part that is closed, in order of closing. */
  readonly parts: readonly Part[]
}

interface Slot {
  readonly item: OpenItem
  closed: boolean
}

/** Item numbers beyond this are no numbers of items. */
const maxItems = 1_000_000

/** Events of an item whose `added` never came, and the item they imply. Arguments imply none: they name no tool. */
const implied: readonly (readonly [string, string])[] = [
  ['response.content_part.', 'message'],
  ['response.output_text.', 'message'],
  ['response.refusal.', 'message'],
  ['response.reasoning_summary', 'reasoning'],
  ['response.reasoning_text.', 'reasoning'],
  ['response.reasoning.', 'reasoning'],
]

/** Starts the output of a response. */
export function createOutput(answer: string | undefined): Output {
  /** By `output_index`; numbers may have gaps. */
  const slots = new Map<number, Slot>()
  const byId = new Map<string, number>()
  const parts: Part[] = []
  let nextIndex = 0
  let highest = -1

  const open = (item: JsonObject, at: number, emit: Emit): Slot => {
    const scope: ItemScope = { next: () => nextIndex++, answer, position: at }
    const slot: Slot = { item: openItem(item, scope, emit), closed: false }
    slots.set(at, slot)
    highest = Math.max(highest, at)
    for (const id of [stringOf(item['id']), stringOf(item['call_id'])]) if (id) byId.set(id, at)
    return slot
  }
  const close = (slot: Slot, item: JsonObject | undefined, emit: Emit): void => {
    if (slot.closed) return
    slot.closed = true
    for (const part of slot.item.close(item, emit)) parts.push(part)
  }
  /** Where an event or item belongs: by its number, else by its id. */
  const placeOf = (event: JsonObject, id: string | undefined): number | undefined => {
    const number = numberOf(event['output_index'])
    if (number !== undefined && number >= 0 && number <= maxItems) return number
    return id === undefined ? undefined : byId.get(id)
  }

  const itemEvent = (type: string, event: JsonObject, emit: Emit): boolean => {
    const id = stringOf(event['item_id'])
    const place = placeOf(event, id)
    const found = place === undefined ? undefined : slots.get(place)
    if (found) return found.closed || found.item.take(type, event, emit)
    const kind = implied.find(([start]) => type.startsWith(start))?.[1]
    // What these bring without a name comes again with the finished item.
    if (kind === undefined) return argumentEvent.test(type)
    const made = {
      type: kind,
      ...(id !== undefined && { id }),
      ...(kind === 'message' && { role: 'assistant' }),
    }
    return open(made, place ?? highest + 1, emit).item.take(type, event, emit)
  }

  return {
    parts,
    take(type, event, emit) {
      const item = objectOf(event['item'])
      const place = placeOf(event, stringOf(item?.['id']) ?? stringOf(event['item_id']))
      switch (type) {
        case 'response.output_item.added':
          if (!item) return false
          if (place === undefined || !slots.has(place)) open(item, place ?? highest + 1, emit)
          return true
        case 'response.output_item.done': {
          if (!item) return false
          const slot = place === undefined ? undefined : slots.get(place)
          close(slot ?? open(item, place ?? highest + 1, emit), item, emit)
          return true
        }
        default:
          if (event['output_index'] === undefined && event['item_id'] === undefined) return false
          return itemEvent(type, event, emit)
      }
    },
    finish(response, emit) {
      const stated = objectsOf(response['output'])
      const match = matcher(slots, byId)
      const unseen = stated.filter((item) => {
        const slot = match(item)
        if (slot) close(slot, item, emit)
        return !slot
      })
      for (const slot of slots.values()) close(slot, undefined, emit)
      for (const item of unseen) close(open(item, highest + 1, emit), item, emit)
    },
  }
}

const argumentEvent =
  /^response\.(?:function_call_arguments|custom_tool_call_input|mcp_call_arguments|code_interpreter_call_code)\./

/**
 * Finds the streamed item that a finished one is: the one with its id, else the first of its type that nobody claimed.
 * Some hosts give items other ids or numbers in the finished response than in the stream.
 */
function matcher(
  slots: ReadonlyMap<number, Slot>,
  byId: ReadonlyMap<string, number>,
): (item: JsonObject) => Slot | undefined {
  const claimed = new Set<Slot>()
  const waiting = new Map<string, Slot[]>()
  for (const slot of [...slots.values()].toReversed()) {
    const list = waiting.get(slot.item.type)
    if (list) list.push(slot)
    else waiting.set(slot.item.type, [slot])
  }
  const claim = (slot: Slot): Slot => {
    claimed.add(slot)
    return slot
  }
  return (item) => {
    for (const key of ['id', 'call_id']) {
      const id = stringOf(item[key])
      const at = id === undefined ? undefined : byId.get(id)
      const slot = at === undefined ? undefined : slots.get(at)
      if (slot && !claimed.has(slot)) return claim(slot)
    }
    const list = waiting.get(stringOf(item['type']) ?? 'message')
    for (let slot = list?.pop(); slot; slot = list?.pop()) if (!claimed.has(slot)) return claim(slot)
    return undefined
  }
}

function openItem(item: JsonObject, scope: ItemScope, emit: Emit): OpenItem {
  if (kindOfItem(item, 'answer') === 'message') return openMessage(item, scope)
  const part = readItemPart(item, 'answer')
  switch (part.type) {
    case 'reasoning':
      return openReasoning(part, scope, emit)
    case 'tool_call':
    case 'server_tool_call':
      return openCall(item, part, scope, emit)
    default:
      return openPlain(item, part, scope, emit)
  }
}
