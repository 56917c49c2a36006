import type { JsonObject, Part, PartGroup } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { readAnnotation } from '../citations.ts'
import { readContent } from '../content.ts'
import { emptyPart, groupOf, readMessageContent } from '../items.ts'
import { numberOf, objectOf, stringOf } from '../own.ts'
import { emitDelta, type Emit, type ItemScope, type OpenItem } from './open-item.ts'
import { trackText, type TextTrack } from './text-track.ts'

interface OpenContent {
  readonly index: number
  readonly part: Part
  readonly text: TextTrack
  citations: number
}

/** A message: each of its content parts is a part, all in one group, open until the message is done. */
export function openMessage(item: JsonObject, scope: ItemScope): OpenItem {
  const group = groupOf(item, scope.position)
  const contents = new Map<number, OpenContent>()

  const open = (at: number, part: Part, emit: Emit): OpenContent => {
    const content: OpenContent = {
      index: scope.next(),
      part: { ...shellOf(part), group },
      text: trackText(),
      citations: 0,
    }
    contents.set(at, content)
    emit({ type: 'part-start', index: content.index, part: content.part })
    return content
  }
  const addText = (content: OpenContent, text: string, emit: Emit, event?: JsonObject): void => {
    if (text === '') return
    content.text.add(text)
    const logprobs = event?.['logprobs']
    emitDelta(emit, content.index, {
      type: 'text',
      text,
      ...(Array.isArray(logprobs) && logprobs.length > 0 && { logprobs }),
    })
  }
  /** The content part of an event; opened when the upstream forgot to. */
  const contentOf = (event: JsonObject, type: 'text' | 'refusal', emit: Emit): OpenContent | undefined => {
    const at = numberOf(event['content_index']) ?? 0
    const found = contents.get(at) ?? open(at, { type, text: '' }, emit)
    return found.part.type === type ? found : undefined
  }
  const state = (content: OpenContent, whole: Part, emit: Emit): void => {
    if (whole.type !== content.part.type) return
    if (whole.type === 'text' || whole.type === 'refusal')
      addText(content, content.text.missing(whole.text), emit)
    if (whole.type !== 'text') return
    for (const citation of whole.citations?.slice(content.citations) ?? []) {
      content.citations++
      emitDelta(emit, content.index, { type: 'citation', citation })
    }
  }
  const end = (content: OpenContent, whole: Part | undefined, final: PartGroup, emit: Emit): Part => {
    if (whole) state(content, whole, emit)
    const part = whole && statedPart(content, whole, final)
    emit({ type: 'part-end', index: content.index, ...(part && { part }) })
    return part ?? content.part
  }

  return {
    type: 'message',
    take(type, event, emit) {
      switch (type) {
        case 'response.content_part.added': {
          const value = objectOf(event['part'])
          const at = numberOf(event['content_index']) ?? contents.size
          if (!value || contents.has(at)) return value !== undefined
          const part = readContent(value, 'output')
          state(open(at, part, emit), part, emit)
          return true
        }
        case 'response.content_part.done': {
          const value = objectOf(event['part'])
          const content = contents.get(numberOf(event['content_index']) ?? 0)
          if (value && content) state(content, readContent(value, 'output'), emit)
          return true
        }
        case 'response.output_text.delta':
        case 'response.refusal.delta': {
          const content = contentOf(event, type === 'response.refusal.delta' ? 'refusal' : 'text', emit)
          if (content) addText(content, stringOf(event['delta']) ?? '', emit, event)
          return content !== undefined
        }
        case 'response.output_text.done':
        case 'response.refusal.done': {
          const isRefusal = type === 'response.refusal.done'
          const content = contentOf(event, isRefusal ? 'refusal' : 'text', emit)
          const text = stringOf(event[isRefusal ? 'refusal' : 'text']) ?? ''
          if (content) addText(content, content.text.missing(text), emit)
          return content !== undefined
        }
        case 'response.output_text.annotation.added': {
          const content = contentOf(event, 'text', emit)
          const annotation = event['annotation']
          if (!content || !isObject(annotation)) return content !== undefined
          content.citations++
          emitDelta(emit, content.index, { type: 'citation', citation: readAnnotation(annotation) })
          return true
        }
        default:
          return false
      }
    },
    close(item, emit) {
      const final = item ? groupOf({ ...item, id: item['id'] ?? group.id }, scope.position) : group
      // The group is one by its id: a host that changes the id meanwhile must not split it.
      const named = { ...final, id: group.id }
      const stated = item ? readMessageContent(item, 'output') : []
      const parts: Part[] = []
      stated.forEach((whole, at) => {
        const content = contents.get(at) ?? open(at, whole, emit)
        contents.delete(at)
        parts.push(end(content, whole, named, emit))
      })
      for (const content of contents.values()) parts.push(end(content, undefined, named, emit))
      contents.clear()
      if (parts.length === 0) {
        const part = emptyPart(named)
        const index = scope.next()
        emit({ type: 'part-start', index, part })
        emit({ type: 'part-end', index, part })
        parts.push(part)
      }
      return parts
    },
  }
}

/** The part without what its deltas say. */
function shellOf(part: Part): Part {
  if (part.type === 'text') return { ...part, text: '', ...(part.citations && { citations: [] }) }
  return part.type === 'refusal' ? { ...part, text: '' } : part
}

/** What the upstream states in the end; undefined when that is another kind of thing than it began. */
function statedPart(content: OpenContent, whole: Part, group: PartGroup): Part | undefined {
  if (whole.type !== content.part.type) return undefined
  const streamed = content.text.value()
  const forgot = (whole.type === 'text' || whole.type === 'refusal') && whole.text === '' && streamed !== ''
  return forgot ? { ...whole, text: streamed, group } : { ...whole, group }
}
