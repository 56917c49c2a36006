import type { JsonObject, Part } from '@gantry/core'
import { readItemPart } from '../item-parts.ts'
import { name } from '../name.ts'
import { emitDelta, type Emit, type ItemScope, type OpenItem } from './open-item.ts'

/** An item without text of its own: results, compaction, tools that were added, what nobody knows. */
export function openPlain(item: JsonObject, began: Part, scope: ItemScope, emit: Emit): OpenItem {
  const index = scope.next()
  // The state of a compaction counts when it is done.
  const { custody: _early, ...start } = began
  emit({ type: 'part-start', index, part: start })
  return {
    type: String(item['type']),
    take(_type, event, emit) {
      emitDelta(emit, index, { type: 'native', native: { protocol: name, value: event } })
      return true
    },
    close(final, emit) {
      const stated = final && readItemPart(final, 'answer')
      const part = stated?.type === began.type ? stated : undefined
      if (part?.custody) emitDelta(emit, index, { type: 'custody', custody: part.custody })
      emit({ type: 'part-end', index, ...(part && { part }) })
      return [part ?? start]
    },
  }
}
