import type { JsonObject, Part } from '@gantry/core'
import { ownFields } from '../own.ts'
import { contentPart, type OpenContent } from './message-content.ts'
import type { OpenItem, Place } from './place.ts'

/** A message under construction: parts of one group, or neighbouring texts of a wire without groups. */
export interface MessageItem extends OpenItem {
  readonly group: string | undefined
  add(index: number, part: Part): void
}

/** Begins a message with nothing in it. */
export function messageItem(place: Place, first: Part): MessageItem {
  const contents = new Map<number, OpenContent>()
  const order: OpenContent[] = []
  const fields = ownFields(first.group)
  const head: JsonObject = { ...fields, id: place.id, type: 'message', role: 'assistant' }
  place.item('added', { ...head, status: 'in_progress', content: [] })

  const closeEnded = (): void => {
    for (const content of order) if (content.ended) content.close()
  }
  return {
    place,
    group: first.group?.id,
    add(index, part) {
      closeEnded()
      const content = contentPart(place, order.length, index, part)
      contents.set(index, content)
      order.push(content)
    },
    delta: (index, delta) => contents.get(index)?.delta(delta),
    end: (index, part) => contents.get(index)?.end(part),
    get ended() {
      return order.every((content) => content.ended)
    },
    close(incomplete) {
      const content = order.map((one) => one.close())
      const status = incomplete ? 'incomplete' : (fields['status'] ?? 'completed')
      const item = { ...head, status, content }
      place.item('done', item)
      return item
    },
    soFar: () => ({ ...head, status: 'incomplete', content: order.map((one) => one.value()) }),
  }
}
