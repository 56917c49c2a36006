import type { Citation, Json, JsonObject, Part, PartDelta } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { writeAnnotation } from '../citations.ts'
import { isPlainText, writeContent } from '../content.ts'
import { name } from '../name.ts'
import { defined, note, objectsOf, ownFields } from '../own.ts'
import type { Place } from './place.ts'

/** One content part of a message while it comes. */
export interface OpenContent {
  readonly ended: boolean
  delta(delta: PartDelta): void
  end(part: Part | undefined): void
  /** Writes its `done` frames, once. */
  close(): JsonObject | undefined
  /** As far as it came; undefined for content that is no content. */
  value(): JsonObject | undefined
}

/** Opens a content part; what is neither text nor refusal is written as text where it can be. */
export function contentPart(place: Place, contentIndex: number, index: number, part: Part): OpenContent {
  if (part.type === 'refusal') return refusal(place, contentIndex, part)
  if (part.type === 'text') return text(place, contentIndex, index, part)
  const kept = place.own ? writeContent(part, 'output') : undefined
  if (kept) return fixed(place, contentIndex, kept)
  const readable = readableText(part)
  if (part.type !== 'json') place.lost(index, `part.${part.type}`, 'approximated', 'as text')
  return text(place, contentIndex, index, { type: 'text', text: readable ?? '' })
}

/** The words of a part that is no text itself; undefined when it has none. */
export function readableText(part: Part): string | undefined {
  switch (part.type) {
    case 'text':
      return part.text
    case 'json':
      return part.json
    case 'native':
      return part.text
    case 'audio':
      return part.transcript
    default:
      return undefined
  }
}

function text(
  place: Place,
  contentIndex: number,
  index: number,
  start: Extract<Part, { type: 'text' }>,
): OpenContent {
  const pieces: string[] = []
  const annotations: JsonObject[] = []
  let logprobs: Json[] = []
  const unplaced: Citation[] = []
  let cited = 0
  let length = 0
  let last = start
  let ended = false
  let closed: JsonObject | undefined
  const where = { content_index: contentIndex }

  const value = (): JsonObject => ({
    ...fieldsOf(last),
    type: 'output_text',
    annotations: [...annotations],
    logprobs: [...logprobs],
    text: pieces.join(''),
  })
  const say = (words: string, probabilities: readonly Json[]): void => {
    if (words === '' && probabilities.length === 0) return
    pieces.push(words)
    length += words.length
    const readable = objectsOf(probabilities as Json).map(withBytes)
    for (const item of readable) logprobs.push(item)
    place.frame('response.output_text.delta', { ...where, delta: words, logprobs: readable })
  }
  const write = (citation: Citation): void => {
    const annotation = writeAnnotation(citation)
    if (!annotation) return place.lost(index, 'part.citation')
    annotations.push(annotation)
    place.frame('response.output_text.annotation.added', {
      ...where,
      annotation_index: annotations.length - 1,
      annotation,
    })
  }
  /** A source of another wire that does not say which words it is for is for all of them, once they are known. */
  const cite = (citation: Citation): void => {
    cited++
    if (citation.native.protocol === name || citation.end !== undefined) write(citation)
    else unplaced.push(citation)
  }

  place.frame('response.content_part.added', {
    ...where,
    part: { ...fieldsOf(start), type: 'output_text', annotations: [], logprobs: [], text: '' },
  })
  say(start.text, start.logprobs ?? [])
  start.citations?.forEach(cite)

  return {
    get ended() {
      return ended
    },
    delta(delta) {
      if (closed) return delta.type === 'citation' ? place.lost(index, 'part.citation') : undefined
      if (delta.type === 'text') say(delta.text, delta.logprobs ?? [])
      else if (delta.type === 'citation') cite(delta.citation)
      else if (delta.type === 'native') place.native(delta.native)
    },
    end(part) {
      ended = true
      if (part?.type !== 'text') return
      last = part
      // Deltas are complete for text; citations may be told by the final part alone.
      part.citations?.slice(cited).forEach(cite)
    },
    close() {
      if (closed) return closed
      // Where the final part contradicts its deltas, it is right.
      if (last !== start && last.text !== '') pieces.splice(0, pieces.length, last.text)
      for (const citation of unplaced) write({ ...citation, start: citation.start ?? 0, end: length })
      // Only the final part has the bytes of each token.
      if (last !== start && last.logprobs?.length) {
        logprobs = objectsOf(last.logprobs as Json).map(withBytes)
      }
      closed = value()
      place.frame('response.output_text.done', {
        ...where,
        text: closed['text'],
        logprobs: closed['logprobs'],
      })
      place.frame('response.content_part.done', { ...where, part: closed })
      return closed
    },
    value,
  }
}

function refusal(place: Place, contentIndex: number, start: Extract<Part, { type: 'refusal' }>): OpenContent {
  const pieces: string[] = []
  let last = start
  let ended = false
  let closed: JsonObject | undefined
  const where = { content_index: contentIndex }
  const value = (): JsonObject => ({ ...ownFields(last), type: 'refusal', refusal: pieces.join('') })
  const say = (words: string): void => {
    if (words === '') return
    pieces.push(words)
    place.frame('response.refusal.delta', { ...where, delta: words })
  }
  place.frame('response.content_part.added', {
    ...where,
    part: { ...ownFields(start), type: 'refusal', refusal: '' },
  })
  say(start.text)
  return {
    get ended() {
      return ended
    },
    delta(delta) {
      if (delta.type === 'text' && !closed) say(delta.text)
    },
    end(part) {
      ended = true
      if (part?.type === 'refusal') last = part
    },
    close() {
      if (closed) return closed
      if (last !== start && last.text !== '') pieces.splice(0, pieces.length, last.text)
      closed = value()
      place.frame('response.refusal.done', { ...where, refusal: closed['refusal'] })
      place.frame('response.content_part.done', { ...where, part: closed })
      return closed
    },
    value,
  }
}

/** Content of this wire that comes whole. */
function fixed(place: Place, contentIndex: number, content: JsonObject): OpenContent {
  let ended = false
  let done = false
  place.frame('response.content_part.added', { content_index: contentIndex, part: content })
  return {
    get ended() {
      return ended
    },
    delta() {},
    end() {
      ended = true
    },
    close() {
      if (!done) place.frame('response.content_part.done', { content_index: contentIndex, part: content })
      done = true
      return content
    },
    value: () => content,
  }
}

function fieldsOf(part: Part): JsonObject {
  return isPlainText(part) && note(part, '$type') === undefined ? {} : ownFields(part)
}

/** Hosts leave out the bytes of a token; readers want a list. */
function withBytes(entry: JsonObject): JsonObject {
  const top = entry['top_logprobs']
  return defined({
    ...entry,
    bytes: entry['bytes'] ?? [],
    top_logprobs: Array.isArray(top)
      ? top.map((one: Json) => (isObject(one) ? { ...one, bytes: one['bytes'] ?? [] } : one))
      : [],
  })
}
