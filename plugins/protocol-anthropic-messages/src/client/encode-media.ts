import type { FilePart, ImagePart, MediaSource } from '@gantry/core'
import { parseDataUrl } from '@gantry/core/codec'
import type { Block } from '../json.ts'
import { plainMediaType, sniffMediaType } from '../media.ts'
import type { PartEncoder } from './encode-parts.ts'
import type { Scope } from './scope.ts'

/** Media types that are text in another coat; the wire takes text documents only as `text/plain`. */
const textual = /^text\/|^application\/(json|xml|yaml|x-yaml|toml|javascript|x-ndjson|.*\+(json|xml))$/

/** An image as a block; undefined when its source has no place on the wire. */
export function encodeImage(part: ImagePart, pointer: string, scope: Scope): Block | undefined {
  if (part.detail !== undefined && part.detail !== 'auto') scope.losses.dropped(pointer, 'part.image.detail')
  const source = imageSource(inlined(part.source))
  if (!source) scope.losses.dropped(pointer, 'part.image')
  return source && { type: 'image', source }
}

/** A document, or an image that came as a file, as a block; undefined when the wire has no form for it. */
export function encodeFile(
  part: FilePart,
  pointer: string,
  scope: Scope,
  encode: PartEncoder,
): Block | undefined {
  const given = inlined(part.source)
  const mediaType =
    plainMediaType(given.mediaType) ?? (given.kind === 'base64' ? sniffMediaType(given.data) : undefined)
  if (mediaType?.startsWith('image/')) {
    const source = imageSource({ ...given, mediaType })
    if (!source) scope.losses.dropped(pointer, 'part.file')
    if (source && part.name !== undefined) scope.losses.dropped(pointer, 'part.file.name')
    return source && { type: 'image', source }
  }
  const source = documentSource(given, mediaType, pointer, scope, encode)
  if (!source) {
    scope.losses.dropped(pointer, 'part.file', mediaType && `documents of type ${mediaType} are not taken`)
    return undefined
  }
  return { type: 'document', source, ...(part.name && { title: part.name }) }
}

/** A `data:` URL is data. */
function inlined(source: MediaSource): MediaSource {
  if (source.kind !== 'url') return source
  const data = parseDataUrl(source.url)
  if (!data) return source
  const mediaType = data.mediaType ?? source.mediaType
  return { kind: 'base64', data: data.data, ...(mediaType !== undefined && { mediaType }) }
}

function imageSource(source: MediaSource): Block | undefined {
  switch (source.kind) {
    case 'base64': {
      const mediaType = plainMediaType(source.mediaType)
      // Some clients write a wildcard or the wrong type; the bytes know better.
      const sniffed = sniffMediaType(source.data)
      const known = mediaType?.startsWith('image/') && !mediaType.includes('*') ? mediaType : undefined
      return { type: 'base64', media_type: known ?? sniffed ?? 'image/png', data: source.data }
    }
    case 'url':
      return { type: 'url', url: source.url }
    case 'file_id':
      return { type: 'file', file_id: source.id }
    default:
      return undefined
  }
}

function documentSource(
  source: MediaSource,
  mediaType: string | undefined,
  pointer: string,
  scope: Scope,
  encode: PartEncoder,
): Block | undefined {
  switch (source.kind) {
    case 'base64': {
      if (mediaType === undefined || mediaType === 'application/pdf') {
        return { type: 'base64', media_type: 'application/pdf', data: source.data }
      }
      if (!textual.test(mediaType)) return undefined
      return plainText(Buffer.from(source.data, 'base64').toString('utf8'), mediaType, pointer, scope)
    }
    case 'text':
      return plainText(source.text, mediaType, pointer, scope)
    case 'url':
      return { type: 'url', url: source.url }
    case 'file_id':
      return { type: 'file', file_id: source.id }
    case 'parts':
      return { type: 'content', content: encode(source.parts, pointer) }
  }
}

function plainText(
  text: string,
  mediaType: string | undefined,
  pointer: string,
  scope: Scope,
): Block | undefined {
  if (text.trim() === '') return undefined
  if (mediaType !== undefined && mediaType !== 'text/plain') {
    scope.losses.approximated(pointer, 'part.file.media_type', `${mediaType} is sent as text/plain`)
  }
  return { type: 'text', media_type: 'text/plain', data: text }
}
