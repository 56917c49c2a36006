import type { AudioPart, FilePart, ImagePart, Json, JsonObject, MediaSource } from '@gantry/core'
import { collectExtra, isObject, parseDataUrl, toDataUrl } from '@gantry/core/codec'
import { cacheFields, encodeCache } from './cache.ts'
import { note, ownFields, restOf, stringOf, type Draft } from './own.ts'

/** A picture as chat writes it; `file_id` has no form. */
export function encodeImage(part: ImagePart): JsonObject | undefined {
  const url = urlOf(part.source)
  if (url === undefined) return undefined
  const fields = note(part, '$image')
  const cache = encodeCache(part.cache)
  if (note(part, '$string') === true)
    return { ...ownFields(part), type: 'image_url', image_url: url, ...cache }
  return {
    ...ownFields(part),
    type: 'image_url',
    image_url: {
      ...(isObject(fields) && fields),
      url,
      ...(part.detail !== undefined && { detail: part.detail }),
    },
    ...cache,
  }
}

/** A picture in an answer (OpenRouter's `images`) or a request. */
export function decodeImage(value: JsonObject): ImagePart {
  const image = value['image_url']
  if (!isObject(image)) {
    return {
      type: 'image',
      source: sourceOf(stringOf(image) ?? ''),
      ...restOf(value, imageKeys, { $string: true }),
    }
  }
  const detail = stringOf(image['detail'])
  const fields = collectExtra(image, imageUrlKeys)
  return {
    type: 'image',
    source: sourceOf(stringOf(image['url']) ?? ''),
    ...(detail !== undefined && { detail }),
    ...restOf(value, imageKeys, fields && { $image: fields }),
  }
}

/** Sound that a client sends. */
export function decodeAudio(value: JsonObject): AudioPart {
  const audio = isObject(value['input_audio']) ? value['input_audio'] : {}
  const format = stringOf(audio['format'])
  const fields = collectExtra(audio, inputAudioKeys)
  return {
    type: 'audio',
    source: {
      kind: 'base64',
      data: stringOf(audio['data']) ?? '',
      ...(format !== undefined && { mediaType: `audio/${format}` }),
    },
    ...restOf(value, audioKeys, fields && { $audio: fields }),
  }
}

/** The inverse of `decodeAudio`. */
export function encodeAudio(part: AudioPart): JsonObject | undefined {
  if (part.source.kind !== 'base64') return undefined
  const format = audioFormat(part.source.mediaType)
  const fields = note(part, '$audio')
  return {
    ...ownFields(part),
    type: 'input_audio',
    input_audio: {
      ...(isObject(fields) && fields),
      data: part.source.data,
      ...(format !== undefined && { format }),
    },
    ...encodeCache(part.cache),
  }
}

/** A document. */
export function decodeFile(value: JsonObject): FilePart {
  const file = isObject(value['file']) ? value['file'] : {}
  const id = stringOf(file['file_id'])
  const data = stringOf(file['file_data'])
  const filename = stringOf(file['filename'])
  const fields = collectExtra(file, data !== undefined && id !== undefined ? fileDataKeys : fileKeys)
  return {
    type: 'file',
    source: data === undefined ? { kind: 'file_id', id: id ?? '' } : fileSource(data),
    ...(filename !== undefined && { name: filename }),
    ...restOf(value, filePartKeys, {
      ...(fields && { $file: fields }),
      ...(data !== undefined && isBare(data) && { $bare: true }),
    }),
  }
}

/** The inverse of `decodeFile`; a source that chat cannot name has no form. */
export function encodeFile(part: FilePart): JsonObject | undefined {
  const { source } = part
  const fields = note(part, '$file')
  const file: Draft = { ...(isObject(fields) && fields) }
  if (source.kind === 'file_id') file['file_id'] = source.id
  else if (source.kind === 'base64' && note(part, '$bare') === true) file['file_data'] = source.data
  else {
    const url = urlOf(source)
    if (url === undefined) return undefined
    file['file_data'] = url
  }
  if (part.name !== undefined) file['filename'] = part.name
  return { ...ownFields(part), type: 'file', file, ...encodeCache(part.cache) }
}

/** `file_data` is a data URL, a plain URL (OpenRouter) or, from some clients, bare base64. */
function fileSource(data: string): MediaSource {
  return isBare(data) ? { kind: 'base64', data } : sourceOf(data)
}

function isBare(data: string): boolean {
  return !/^[a-z][a-z0-9+.-]*:/i.test(data)
}

function urlOf(source: MediaSource): string | undefined {
  if (source.kind === 'url') return source.url
  if (source.kind !== 'base64') return undefined
  return toDataUrl(
    source.mediaType === undefined
      ? { data: source.data }
      : { mediaType: source.mediaType, data: source.data },
  )
}

function audioFormat(mediaType: string | undefined): string | undefined {
  const format = mediaType?.replace(/^audio\//, '').replace(/;.*$/, '')
  if (format === 'mpeg') return 'mp3'
  return format === 'x-wav' || format === 'wave' ? 'wav' : format
}

/** Where a URL points: the bytes of a `data:` URL are taken out of it. */
export function sourceOf(url: string): MediaSource {
  const data = parseDataUrl(url)
  if (!data) return { kind: 'url', url }
  return {
    kind: 'base64',
    data: data.data,
    ...(data.mediaType !== undefined && { mediaType: data.mediaType }),
  }
}

/** An assistant's audio: whole in an answer, by id in a request. */
export function decodeSpokenAnswer(value: JsonObject): AudioPart {
  const id = stringOf(value['id'])
  const data = stringOf(value['data'])
  const transcript = stringOf(value['transcript'])
  return {
    type: 'audio',
    source: data === undefined ? { kind: 'file_id', id: id ?? '' } : { kind: 'base64', data },
    ...(id !== undefined && { id }),
    ...(transcript !== undefined && { transcript }),
    ...restOf(value, spokenKeys),
  }
}

/** The inverse of `decodeSpokenAnswer`. */
export function encodeSpokenAnswer(part: AudioPart): JsonObject | undefined {
  const { source } = part
  const fields: { [key: string]: Json } = {}
  if (source.kind === 'file_id') fields['id'] = source.id
  else if (source.kind === 'base64') {
    if (part.id !== undefined) fields['id'] = part.id
    fields['data'] = source.data
  } else return undefined
  if (part.transcript !== undefined) fields['transcript'] = part.transcript
  return { ...ownFields(part), ...fields }
}

const keys = (...list: string[]): ReadonlySet<string> => new Set([...list, ...cacheFields])
const imageKeys = keys('type', 'image_url')
const audioKeys = keys('type', 'input_audio')
const filePartKeys = keys('type', 'file')
const imageUrlKeys = new Set(['url', 'detail'])
const inputAudioKeys = new Set(['data', 'format'])
const fileKeys = new Set(['file_data', 'file_id', 'filename'])
const fileDataKeys = new Set(['file_data', 'filename'])
const spokenKeys = new Set(['id', 'data', 'transcript'])
