import type { Custody, JsonObject, Part, ReasoningPart, ReasoningSegment } from '@gantry/core'
import { name } from '../name.ts'
import { writeItem } from '../write-items.ts'
import type { OpenItem, Place } from './place.ts'

interface OpenSegment {
  readonly kind: ReasoningSegment['kind']
  /** Among the segments of its kind. */
  readonly position: number
  readonly pieces: string[]
  closed: boolean
}

/** A reasoning item: summaries and raw thoughts as they come, the state that goes back with it at its end. */
export function reasoningItem(place: Place, index: number, start: ReasoningPart): OpenItem {
  const segments = new Map<number, OpenSegment>()
  const counts = { summary: 0, text: 0 }
  let last = start
  let replaced = false
  let ended = false
  let custody: Custody | undefined = start.custody

  const closeSegment = (segment: OpenSegment): void => {
    if (segment.closed) return
    segment.closed = true
    const text = segment.pieces.join('')
    if (segment.kind === 'summary') {
      const where = { summary_index: segment.position }
      place.frame('response.reasoning_summary_text.done', { ...where, text })
      place.frame('response.reasoning_summary_part.done', { ...where, part: { type: 'summary_text', text } })
    } else {
      const where = { content_index: segment.position }
      place.frame('response.reasoning_text.done', { ...where, text })
      place.frame('response.content_part.done', { ...where, part: { type: 'reasoning_text', text } })
    }
  }
  const open = (key: number, kind: ReasoningSegment['kind']): OpenSegment => {
    for (const other of segments.values()) closeSegment(other)
    const segment: OpenSegment = { kind, position: counts[kind]++, pieces: [], closed: false }
    segments.set(key, segment)
    if (kind === 'summary') {
      place.frame('response.reasoning_summary_part.added', {
        summary_index: segment.position,
        part: { type: 'summary_text', text: '' },
      })
    } else {
      place.frame('response.content_part.added', {
        content_index: segment.position,
        part: { type: 'reasoning_text', text: '' },
      })
    }
    return segment
  }
  const say = (key: number, kind: ReasoningSegment['kind'], text: string): void => {
    const segment = segments.get(key) ?? open(key, kind)
    segment.pieces.push(text)
    if (segment.kind === 'summary') {
      place.frame('response.reasoning_summary_text.delta', { summary_index: segment.position, delta: text })
    } else place.frame('response.reasoning_text.delta', { content_index: segment.position, delta: text })
  }
  const value = (): JsonObject => {
    const said = Array.from(segments.values(), ({ kind, pieces }) => ({ kind, text: pieces.join('') }))
    const { custody: _old, ...part } = last
    return (
      writeItem({
        ...part,
        id: place.id,
        segments: replaced && last.segments.length > 0 ? last.segments : said,
        ...(custody && { custody }),
      }) ?? {}
    )
  }

  place.item('added', { type: 'reasoning', id: place.id, summary: [] })
  start.segments.forEach(({ kind, text }, key) => say(key, kind, text))
  return {
    place,
    delta(_index, delta) {
      if (delta.type === 'reasoning') say(delta.segment, delta.kind, delta.text)
      else if (delta.type === 'custody') custody = delta.custody
      else if (delta.type === 'native') place.native(delta.native)
    },
    end(_index, part: Part | undefined) {
      ended = true
      if (part?.type !== 'reasoning') return
      last = part
      replaced = true
      if (part.custody) ({ custody } = part)
    },
    get ended() {
      return ended
    },
    close(incomplete) {
      for (const segment of segments.values()) closeSegment(segment)
      if (custody && custody.blob !== '' && custody.protocol !== name) {
        place.lost(index, `custody.${custody.format}`)
      }
      const item = incomplete ? { ...value(), status: 'incomplete' } : value()
      place.item('done', item)
      return item
    },
    soFar: () => ({ ...value(), status: 'incomplete' }),
  }
}
