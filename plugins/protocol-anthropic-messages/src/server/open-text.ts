import type { Citation, JsonObject, Part, PartDelta } from '@gantry/core'
import type { OpenBlock } from './open-block.ts'
import { ownFields, writeCitation, type Place } from './place.ts'

/**
 * Text, and what can only be shown as text. The block starts with the first word: clients send empty text blocks back,
 * and the vendor refuses them.
 */
export function openText(place: Place, index: number, start: Part): OpenBlock {
  let isOpen = false
  let cited = 0
  const waiting: JsonObject[] = []
  const begin = (): void => {
    if (isOpen) return
    isOpen = true
    place.open({ type: 'text', text: '', ...(!place.own && { citations: null }), ...ownFields(start.extra) })
  }
  const say = (text: string, delta?: PartDelta & { readonly type: 'text' }): void => {
    if (delta?.logprobs?.length) place.lost(index, 'part.text.logprobs')
    if (text === '') return
    begin()
    place.delta({ type: 'text_delta', text, ...ownFields(delta?.extra) })
    for (const citation of waiting.splice(0)) place.delta({ type: 'citations_delta', citation })
  }
  const cite = (citation: Citation): void => {
    cited++
    const written = writeCitation(citation)
    if (!written) return place.lost(index, 'part.text.citations')
    if (isOpen || place.own) {
      begin()
      place.delta({ type: 'citations_delta', citation: written })
    } else waiting.push(written)
  }

  say(readableText(start) ?? '')
  if (start.type === 'text') start.citations?.forEach(cite)
  return {
    delta(delta) {
      if (delta.type === 'text') say(delta.text, delta)
      else if (delta.type === 'citation') cite(delta.citation)
    },
    close(part) {
      if (part?.type === 'text') part.citations?.slice(cited).forEach(cite)
      // An empty block of an upstream of this wire is its affair: a text block that it opened, it closes.
      if (place.own && start.type === 'text') begin()
      if (isOpen) place.close()
      else if (waiting.length > 0)
        place.lost(index, 'part.text.citations', 'dropped', 'there is no text to cite')
    },
  }
}

/** The words of a part; undefined when it has none. */
export function readableText(part: Part): string | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text
    case 'json':
      return part.json
    case 'audio':
      return part.transcript
    case 'native':
    case 'compaction':
      return part.text
    default:
      return undefined
  }
}
