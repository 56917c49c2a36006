import type { JsonObject, Part } from '@gantry/core'
import { cacheFields, cacheOf, encodeCache } from './cache.ts'
import { decodeAudio, decodeFile, decodeImage, encodeAudio, encodeFile, encodeImage } from './media.ts'
import { name, note, ownFields, restOf, stringOf } from './own.ts'
import { thinkingText } from './reasoning.ts'

/**
 * One element of a message's `content` list. Unknown types are kept exact as `native`.
 * Reads leniently: the server's decoder has checked the types before.
 */
export function decodeContentPart(value: JsonObject, at?: string): Part {
  const base = { ...cacheOf(value), ...(at !== undefined && { at }) }
  switch (value['type']) {
    case 'text':
      return { type: 'text', text: stringOf(value['text']) ?? '', ...base, ...restOf(value, textKeys) }
    case 'refusal':
      return {
        type: 'refusal',
        text: stringOf(value['refusal']) ?? '',
        ...base,
        ...restOf(value, refusalKeys, { $part: true }),
      }
    case 'image_url':
      return { ...decodeImage(value), ...base }
    case 'input_audio':
      return { ...decodeAudio(value), ...base }
    case 'file':
      return { ...decodeFile(value), ...base }
    case 'thinking':
      return {
        type: 'reasoning',
        segments: [{ kind: 'text', text: thinkingText(value) }],
        ...(at !== undefined && { at }),
        ...restOf(value, thinkingKeys, { $field: 'content' }),
      }
    default:
      return {
        type: 'native',
        native: { protocol: name, value },
        ...(typeof value['text'] === 'string' && { text: value['text'] }),
        ...(at !== undefined && { at }),
      }
  }
}

/** The inverse for parts that have a place in a `content` list; undefined for all others. */
export function encodeContentPart(part: Part): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return { ...ownFields(part), type: 'text', text: part.text, ...encodeCache(part.cache) }
    case 'refusal':
      return { ...ownFields(part), type: 'refusal', refusal: part.text, ...encodeCache(part.cache) }
    case 'image':
      return encodeImage(part)
    case 'audio':
      return encodeAudio(part)
    case 'file':
      return encodeFile(part)
    case 'native':
      return part.native.protocol === name ? part.native.value : undefined
    case 'reasoning':
      return note(part, '$field') === 'content'
        ? {
            ...ownFields(part),
            type: 'thinking',
            thinking: part.segments.map(({ text }) => ({ type: 'text', text })),
          }
        : undefined
    default:
      return undefined
  }
}

/** Fields of a plain text: this alone may be written as a string. */
export function isPlainText(part: Part): boolean {
  return part.type === 'text' && !part.cache && !hasFields(part)
}

function hasFields(part: Part): boolean {
  return Object.keys(part.extra?.[name] ?? {}).length > 0
}

const textKeys: ReadonlySet<string> = new Set(['type', 'text', ...cacheFields])
const refusalKeys: ReadonlySet<string> = new Set(['type', 'refusal', ...cacheFields])
const thinkingKeys: ReadonlySet<string> = new Set(['type', 'thinking'])
