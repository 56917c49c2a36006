import type { CompactionPart, Custody, JsonObject, Part, PartDelta } from '@gantry/core'
import { protocolName } from '../name.ts'
import { compactionNote } from '../parts.ts'
import { openCall, openServerCall } from './open-call.ts'
import { openText, readableText } from './open-text.ts'
import { openThinking } from './open-thinking.ts'
import { ownFields, ownState, type Place } from './place.ts'

/** A part that is being written. */
export interface OpenBlock {
  delta(delta: PartDelta): void
  /** Writes what is owed and ends the block; `part` is the whole part where the upstream stated it. */
  close(part: Part | undefined): void
}

/** Begins to write a part. What a client of this wire cannot get is reported; no foreign block type ever goes out. */
export function openBlock(place: Place, index: number, part: Part): OpenBlock {
  switch (part.type) {
    case 'text':
      if (part.logprobs?.length) place.lost(index, 'part.text.logprobs')
      return openText(place, index, part)
    case 'refusal':
    case 'json':
      return openText(place, index, part)
    case 'reasoning':
      return openThinking(place, index, part)
    case 'tool_call':
      return openCall(place, index, part)
    case 'compaction':
      return openCompaction(place, index, part)
    case 'server_tool_call':
      if (part.native.protocol === protocolName) return openServerCall(place, index, part)
      break
    case 'server_tool_result':
    case 'tools_added':
    case 'native':
      if (part.native.protocol === protocolName) return whole(place, part.native.value)
      break
    default:
  }
  if (readableText(part) === undefined) {
    place.lost(index, `part.${part.type}`)
    return nothing
  }
  place.lost(index, `part.${part.type}`, 'approximated', 'as text')
  return openText(place, index, part)
}

const nothing: OpenBlock = { delta() {}, close() {} }

/** A block that only this wire has: whole in its start, with whatever its upstream sends about it after that. */
function whole(place: Place, block: JsonObject): OpenBlock {
  place.open(block)
  return {
    delta(delta) {
      if (delta.type === 'native' && delta.native.protocol === protocolName) place.delta(delta.native.value)
    },
    close: () => place.close(),
  }
}

/** A summary that stands for earlier conversation. One that another wire made, without state, is read as text. */
function openCompaction(place: Place, index: number, start: CompactionPart): OpenBlock {
  const isOwn =
    start.extra?.[protocolName]?.[compactionNote] === true || ownState(start.custody) !== undefined
  if (!isOwn) {
    place.lost(index, 'part.compaction', 'approximated', 'as text')
    return openText(place, index, start)
  }
  const pieces = start.text === undefined ? [] : [start.text]
  let custody: Custody | undefined = ownState(start.custody)
  place.open({ type: 'compaction', content: null, encrypted_content: null, ...ownFields(start.extra) })
  return {
    delta(delta) {
      if (delta.type === 'text') pieces.push(delta.text)
      else if (delta.type === 'custody') custody = ownState(delta.custody)
    },
    close() {
      const content = pieces.length === 0 ? null : pieces.join('')
      place.delta({ type: 'compaction_delta', content, encrypted_content: custody?.blob ?? null })
      place.close()
    },
  }
}
