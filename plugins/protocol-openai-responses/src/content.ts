import type { Json, JsonObject, Part, TextPart } from '@gantry/core'
import { cacheOf, writeCache } from './cache.ts'
import { readAnnotation, writeAnnotation } from './citations.ts'
import { readAudio, readFile, readImage, writeAudio, writeFile, writeImage } from './media.ts'
import { name } from './name.ts'
import { note, objectsOf, ownFields, restOf, stringOf, type Draft } from './own.ts'

/** Who speaks decides the type of a text: an assistant's is `output_text`. */
export type Side = 'input' | 'output'

/** Note on a native part that stands in a content list and is no item of its own. */
export const contentNote = '$content'

const textKeys: ReadonlySet<string> = new Set([
  'type',
  'text',
  'annotations',
  'logprobs',
  'prompt_cache_breakpoint',
])
const refusalKeys: ReadonlySet<string> = new Set(['type', 'refusal'])
const textTypes: ReadonlySet<string> = new Set(['input_text', 'output_text', 'text'])

/** One element of a `content` or `output` list. Never throws and never drops: what it does not know stays native. */
export function readContent(value: JsonObject, side: Side, at?: string): Part {
  const type = stringOf(value['type']) ?? ''
  const part = textTypes.has(type) ? readText(value, type, side) : readOther(value, type)
  const found = part ?? nativeContent(value)
  return at === undefined ? found : { ...found, at }
}

/** The inverse, for parts that have a place in a content list; undefined for all others. */
export function writeContent(part: Part, side: Side): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return writeText(part, side)
    case 'refusal':
      return { ...ownFields(part), type: 'refusal', refusal: part.text }
    case 'image':
      return writeImage(part)
    case 'file':
      return writeFile(part)
    case 'audio':
      return writeAudio(part, side)
    case 'native':
      return part.native.protocol === name && note(part, contentNote) === true ? part.native.value : undefined
    default:
      return undefined
  }
}

/** Whether a part says no more than its text: it alone may be written as a string. */
export function isPlainText(part: Part): part is TextPart {
  return (
    part.type === 'text' &&
    !part.cache &&
    !part.citations?.length &&
    !part.logprobs?.length &&
    Object.keys(ownFields(part)).length === 0
  )
}

function readText(value: JsonObject, type: string, side: Side): Part | undefined {
  const text = stringOf(value['text'])
  if (text === undefined) return undefined
  const { annotations, logprobs } = value
  return {
    type: 'text',
    text,
    ...(Array.isArray(annotations) && { citations: objectsOf(annotations).map(readAnnotation) }),
    ...(Array.isArray(logprobs) && { logprobs: logprobs as readonly Json[] }),
    ...cacheOf(value),
    ...restOf(value, textKeys, type === textTypeOf(side) ? undefined : { $type: type }),
  }
}

function readOther(value: JsonObject, type: string): Part | undefined {
  switch (type) {
    case 'refusal': {
      const text = stringOf(value['refusal'])
      return text === undefined ? undefined : { type: 'refusal', text, ...restOf(value, refusalKeys) }
    }
    case 'input_image':
      return readImage(value)
    case 'input_file':
      return readFile(value)
    case 'input_audio':
    case 'output_audio':
      return readAudio(value)
    default:
      return undefined
  }
}

function nativeContent(value: JsonObject): Part {
  const text = stringOf(value['text'])
  return {
    type: 'native',
    native: { protocol: name, value },
    ...(text !== undefined && { text }),
    extra: { [name]: { [contentNote]: true } },
  }
}

function writeText(part: TextPart, side: Side): JsonObject {
  const draft: Draft = { ...ownFields(part), type: spelled(part, side), text: part.text }
  if (part.citations) {
    draft['annotations'] = part.citations.map(writeAnnotation).filter((found) => found !== undefined)
  }
  if (part.logprobs) draft['logprobs'] = part.logprobs
  return Object.assign(draft, writeCache(part.cache))
}

/** A text moved to the other side by a conversion takes that side's type. */
function spelled(part: TextPart, side: Side): string {
  return stringOf(note(part, '$type')) ?? textTypeOf(side)
}

function textTypeOf(side: Side): string {
  return side === 'output' ? 'output_text' : 'input_text'
}
