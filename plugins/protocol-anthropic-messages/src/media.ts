import type { JsonObject, MediaSource, Part } from '@gantry/core'
import { asArray, asString, objectsIn } from './json.ts'

/**
 * Where an image or document block keeps its data; undefined for a form that is not known, which then stays native.
 * `readPart` reads the blocks of a `content` source.
 */
export function readSource(
  source: JsonObject,
  readPart: (block: JsonObject) => Part,
): MediaSource | undefined {
  const mediaType = asString(source['media_type'])
  const media = mediaType === undefined ? {} : { mediaType }
  const data = asString(source['data'])
  const url = asString(source['url'])
  const id = asString(source['file_id'])
  switch (source['type']) {
    case 'base64':
      return data === undefined ? undefined : { ...media, kind: 'base64', data }
    case 'text':
      return data === undefined ? undefined : { ...media, kind: 'text', text: data }
    case 'url':
      return url === undefined ? undefined : { ...media, kind: 'url', url }
    case 'file':
      return id === undefined ? undefined : { ...media, kind: 'file_id', id }
    case 'content': {
      const text = asString(source['content'])
      if (text !== undefined) return { ...media, kind: 'parts', parts: [{ type: 'text', text }] }
      if (!asArray(source['content'])) return undefined
      return { ...media, kind: 'parts', parts: objectsIn(source['content']).map(readPart) }
    }
    default:
      return undefined
  }
}

const imageHeads: readonly (readonly [string, string])[] = [
  ['/9j/', 'image/jpeg'],
  ['iVBORw', 'image/png'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
]

/** Media type of base64 data from its first bytes; undefined when they are none of the kinds the wire takes. */
export function sniffMediaType(data: string): string | undefined {
  if (data.startsWith('JVBERi')) return 'application/pdf'
  return imageHeads.find(([head]) => data.startsWith(head))?.[1]
}

/** A media type in the one spelling that the wire knows: no parameters, `image/jpeg` for `image/jpg`. */
export function plainMediaType(mediaType: string | undefined): string | undefined {
  const plain = mediaType?.split(';', 1)[0]?.trim().toLowerCase()
  return plain === 'image/jpg' ? 'image/jpeg' : plain || undefined
}
