import type { JsonObject, ReasoningPart, ReasoningSegment } from '@gantry/core'
import { readItemPart } from '../item-parts.ts'
import { name } from '../name.ts'
import { numberOf, objectOf, stringOf } from '../own.ts'
import { emitDelta, type Emit, type ItemScope, type OpenItem } from './open-item.ts'
import { trackText, type TextTrack } from './text-track.ts'

type Kind = ReasoningSegment['kind']

interface OpenSegment {
  readonly kind: Kind
  /** Number among all segments, in order of their first delta. */
  readonly number: number
  readonly text: TextTrack
}

/** Events that bring thinking: kind of its segment, and the field that says which one. `reasoning` is Open Responses'. */
const textEvents: ReadonlyMap<string, readonly [Kind, string]> = new Map<string, readonly [Kind, string]>([
  ['response.reasoning_summary_text', ['summary', 'summary_index']],
  ['response.reasoning_text', ['text', 'content_index']],
  ['response.reasoning', ['text', 'content_index']],
])
/** Events that only frame them: what they say comes again in texts and in the finished item. */
const framing: ReadonlySet<string> = new Set([
  'response.reasoning_summary_part.added',
  'response.reasoning_summary_part.done',
  'response.content_part.added',
  'response.content_part.done',
])

/** Thinking: segments as they come, state with the finished item (what the start says of it is not the same). */
export function openReasoning(began: ReasoningPart, scope: ItemScope, emit: Emit): OpenItem {
  const index = scope.next()
  const segments = new Map<string, OpenSegment>()
  const { custody: _early, ...start } = began
  emit({ type: 'part-start', index, part: { ...start, segments: [] } })

  const segmentOf = (kind: Kind, at: number): OpenSegment => {
    const key = `${kind} ${at}`
    let segment = segments.get(key)
    if (!segment) segments.set(key, (segment = { kind, number: segments.size, text: trackText() }))
    return segment
  }
  const add = (segment: OpenSegment, text: string, emit: Emit): void => {
    if (text === '') return
    segment.text.add(text)
    emitDelta(emit, index, { type: 'reasoning', segment: segment.number, kind: segment.kind, text })
  }
  const state = (list: readonly ReasoningSegment[], emit: Emit): void => {
    const count = { summary: 0, text: 0 }
    for (const { kind, text } of list) {
      const segment = segmentOf(kind, count[kind]++)
      add(segment, segment.text.missing(text), emit)
    }
  }
  state(began.segments, emit)

  return {
    type: 'reasoning',
    take(type, event, emit) {
      if (framing.has(type)) return true
      const dot = type.lastIndexOf('.')
      const known = textEvents.get(type.slice(0, dot))
      const end = type.slice(dot)
      if (known && (end === '.delta' || end === '.done')) {
        const [kind, key] = known
        const segment = segmentOf(kind, numberOf(event[key]) ?? 0)
        const whole = stringOf(event['text']) ?? ''
        add(segment, end === '.delta' ? deltaOf(event) : segment.text.missing(whole), emit)
      } else emitDelta(emit, index, { type: 'native', native: { protocol: name, value: event } })
      return true
    },
    close(item, emit) {
      const stated = item && readItemPart(item, 'answer')
      const whole = stated?.type === 'reasoning' ? stated : undefined
      if (whole) state(whole.segments, emit)
      if (whole?.custody) emitDelta(emit, index, { type: 'custody', custody: whole.custody })
      const part = whole && withStreamed(whole, segments)
      emit({ type: 'part-end', index, ...(part && { part }) })
      return [part ?? start]
    },
  }
}

/** What the upstream states counts; kinds of thinking that it streamed and then left out stay. */
function withStreamed(whole: ReasoningPart, streamed: ReadonlyMap<string, OpenSegment>): ReasoningPart {
  const forgotten = (kind: Kind): readonly ReasoningSegment[] => {
    if (whole.segments.some((segment) => segment.kind === kind)) {
      return whole.segments.filter((segment) => segment.kind === kind)
    }
    return [...streamed.values()]
      .filter((segment) => segment.kind === kind)
      .map(({ text }) => ({ kind, text: text.value() }))
  }
  return { ...whole, segments: [...forgotten('summary'), ...forgotten('text')] }
}

/** Older hosts send `{text}` instead of the text. */
function deltaOf(event: JsonObject): string {
  return stringOf(event['delta']) ?? stringOf(objectOf(event['delta'])?.['text']) ?? ''
}
