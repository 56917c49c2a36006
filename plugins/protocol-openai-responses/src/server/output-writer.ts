import type { JsonObject, Loss, Native, Part, PartDelta, Report } from '@gantry/core'
import { name } from '../name.ts'
import { isContent, writeItem } from '../write-items.ts'
import { callItem, isSearch, searchItem } from './call-item.ts'
import { itemIds, wantedId } from './item-ids.ts'
import { readableText } from './message-content.ts'
import { messageItem, type MessageItem } from './message-item.ts'
import { compactionItem, imageItem, nativeItem } from './native-item.ts'
import type { OpenItem, Place } from './place.ts'
import { reasoningItem } from './reasoning-item.ts'

/** What the output of one answer needs to know. */
export interface OutputOptions {
  /** What the ids of this answer have in common. */
  readonly base: string
  /** Whether the answer comes from an upstream of this wire. */
  readonly own: boolean
  /** Whether the client declared a tool search that it runs itself. */
  readonly clientSearch: boolean
  readonly report: Report
  /** Takes frames that are not numbered yet. */
  frame(type: string, fields: JsonObject): void
}

/** The `output` of an answer while its parts come: items, and the frames about them. */
export interface OutputWriter {
  start(index: number, part: Part): void
  delta(index: number, delta: PartDelta): void
  end(index: number, part: Part | undefined): void
  /** Ends what is open; `incomplete`: the answer was cut inside its last item. */
  finish(incomplete: boolean): void
  /** Ends what has ended, and leaves open what has not: the answer broke. */
  settle(): void
  /** Items in order; those that are still open as far as they came. */
  items(): readonly JsonObject[]
}

/**
 * Starts an empty output. The last item stays open until another one begins or the answer finishes: until then sources
 * may be added to it, and only then it is known whether it was cut.
 */
export function outputWriter(options: OutputOptions): OutputWriter {
  const ids = itemIds(options.base, options.own)
  const lost = lossesOf(options.report)
  const slots: (OpenItem | JsonObject)[] = []
  const open = new Set<OpenItem>()
  const byPart = new Map<number, OpenItem>()
  let message: MessageItem | undefined

  const close = (item: OpenItem, incomplete: boolean): void => {
    open.delete(item)
    if (item === message) message = undefined
    slots[item.place.outputIndex] = item.close(incomplete)
  }
  const closeEnded = (): void => {
    for (const item of open) if (item.ended) close(item, false)
  }
  const placeFor = (type: string, part: Part, item?: JsonObject): Place => {
    closeEnded()
    const outputIndex = slots.length
    const id = ids.of(type, outputIndex, wantedId(part, item))
    slots.push({})
    return placeAt(outputIndex, id, options, lost)
  }
  const keep = (index: number, item: OpenItem): void => {
    slots[item.place.outputIndex] = item
    open.add(item)
    byPart.set(index, item)
  }
  const say = (index: number, part: Part): void => {
    const last = slots.length - 1
    if (!message || message.place.outputIndex !== last || message.group !== part.group?.id) {
      message = messageItem(placeFor('message', part), part)
    }
    keep(index, message)
    message.add(index, part)
  }
  const native = (index: number, part: Part): boolean => {
    const item = writeItem(part)
    if (!item || typeof item['type'] !== 'string') return false
    keep(index, nativeItem(placeFor(item['type'], part, item), part, item))
    return true
  }

  return {
    start(index, part) {
      switch (part.type) {
        case 'text':
        case 'refusal':
        case 'json':
          return say(index, part)
        case 'reasoning':
          return keep(index, reasoningItem(placeFor('reasoning', part), index, part))
        case 'tool_call': {
          if (part.kind === 'hosted' && part.native?.protocol === name && native(index, part)) return
          if (isSearch(part, options.clientSearch)) {
            return keep(index, searchItem(placeFor('tool_search_call', part), part))
          }
          if (part.kind === 'hosted') lost(index, 'tool_call.hosted', 'lowered', 'as a function call')
          const type = part.kind === 'custom' ? 'custom_tool_call' : 'function_call'
          return keep(index, callItem(placeFor(type, part), part))
        }
        case 'compaction':
          if (part.custody && part.custody.protocol !== name) return lost(index, 'part.compaction')
          return keep(index, compactionItem(placeFor('compaction', part), index, part))
        case 'image':
          if (options.own && part.group) return say(index, part)
          if (part.source.kind !== 'base64') return lost(index, 'part.image')
          lost(index, 'part.image', 'approximated', 'as a generated image')
          return keep(index, imageItem(placeFor('image_generation_call', part), part))
        default:
          if (!isContent(part) && native(index, part)) return
          if ((options.own && isContent(part)) || readableText(part) !== undefined) return say(index, part)
          return lost(index, `part.${part.type}`)
      }
    },
    delta(index, delta) {
      byPart.get(index)?.delta(index, delta)
    },
    end(index, part) {
      const item = byPart.get(index)
      if (!item) return
      item.end(index, part)
      // Nothing can be added to an item that others have followed.
      if (item.ended && item.place.outputIndex < slots.length - 1 && open.has(item)) close(item, false)
    },
    finish(incomplete) {
      const last = slots.length - 1
      for (const item of open) close(item, incomplete && item.place.outputIndex === last)
    },
    settle: closeEnded,
    items: () => slots.map((slot) => (isOpen(slot) ? slot.soFar() : slot)),
  }
}

function isOpen(slot: OpenItem | JsonObject): slot is OpenItem {
  return typeof slot['soFar'] === 'function'
}

function placeAt(outputIndex: number, id: string, options: OutputOptions, lost: Loser): Place {
  const where = { item_id: id, output_index: outputIndex }
  return {
    outputIndex,
    id,
    own: options.own,
    lost,
    frame: (type, fields) => options.frame(type, { ...where, ...fields }),
    item: (type, item) => options.frame(`response.output_item.${type}`, { output_index: outputIndex, item }),
    native({ protocol, value }: Native) {
      const { type, sequence_number: _number, item_id: itemId, ...fields } = value
      if (protocol !== name || typeof type !== 'string') return
      options.frame(type, {
        ...fields,
        ...(itemId !== undefined && { item_id: id }),
        output_index: outputIndex,
      })
    },
  }
}

type Loser = (index: number, what: string, how?: Loss['how'], note?: string) => void

/** Reports what a client of this wire cannot get as it is; each kind once a part. */
function lossesOf(report: Report): Loser {
  const seen = new Set<string>()
  return (index, what, how = 'dropped', text) => {
    const pointer = `/parts/${index}`
    const key = `${what} ${pointer}`
    if (seen.has(key)) return
    seen.add(key)
    report({ pointer, what, how, target: name, ...(text !== undefined && { note: text }) })
  }
}
