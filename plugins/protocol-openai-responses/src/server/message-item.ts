import type { JsonObject, Part, PartGroup } from '@gantry/core'
import { statusNote } from '../item-parts.ts'
import { emptyNote } from '../items.ts'
import { note, ownFields } from '../own.ts'
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
  let group: PartGroup | undefined = first.group
  const head = (): JsonObject => ({ ...ownFields(group), id: place.id, type: 'message', role: 'assistant' })
  place.item('added', { ...head(), status: 'in_progress', content: [] })

  return {
    place,
    group: first.group?.id,
    add(index, part) {
      for (const content of order) if (content.ended) content.close()
      const content =
        note(part, emptyNote) === true ? nothing() : contentPart(place, order.length, index, part)
      contents.set(index, content)
      if (content.value()) order.push(content)
    },
    delta: (index, delta) => contents.get(index)?.delta(delta),
    end(index, part) {
      if (part?.group) group = part.group
      contents.get(index)?.end(part)
    },
    get ended() {
      return order.every((content) => content.ended)
    },
    close(incomplete) {
      const content = order.map((one) => one.close() ?? null)
      const status = incomplete ? 'incomplete' : (note(group, statusNote) ?? 'completed')
      const item = { ...head(), status, content }
      place.item('done', item)
      return item
    },
    soFar: () => ({ ...head(), status: 'incomplete', content: order.map((one) => one.value() ?? null) }),
  }
}

/** Stands for the content of a message that has none. */
function nothing(): OpenContent {
  return { ended: true, delta() {}, end() {}, close: () => undefined, value: () => undefined }
}
