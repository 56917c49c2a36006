import type { AudioPart, FilePart, ImagePart, JsonObject, MediaSource, Part } from '@gantry/core'
import { parseDataUrl, toDataUrl } from '@gantry/core/codec'
import { cacheOf, writeCache } from './cache.ts'
import { note, objectOf, ownFields, restOf, stringOf } from './own.ts'

const imageKeys: ReadonlySet<string> = new Set([
  'type',
  'image_url',
  'file_id',
  'detail',
  'prompt_cache_breakpoint',
])
const fileKeys: ReadonlySet<string> = new Set([
  'type',
  'file_data',
  'file_url',
  'file_id',
  'filename',
  'prompt_cache_breakpoint',
])
const audioKeys: ReadonlySet<string> = new Set(['type', 'input_audio', 'prompt_cache_breakpoint'])
const outputAudioKeys: ReadonlySet<string> = new Set(['type', 'data', 'transcript'])

/** An `input_image`; undefined when it names neither a URL nor a file. */
export function readImage(value: JsonObject): ImagePart | undefined {
  const url = stringOf(value['image_url'])
  const id = stringOf(value['file_id'])
  const detail = stringOf(value['detail'])
  const source: MediaSource | undefined =
    url === undefined ? (id === undefined ? undefined : { kind: 'file_id', id }) : sourceOfUrl(url)
  if (!source) return undefined
  return {
    type: 'image',
    source,
    ...(detail !== undefined && { detail }),
    ...cacheOf(value),
    ...restOf(value, imageKeys),
  }
}

/** The inverse; undefined for a source that a picture cannot have. */
export function writeImage(part: ImagePart): JsonObject | undefined {
  const { source } = part
  const url = urlOf(source)
  if (url === undefined && source.kind !== 'file_id') return undefined
  return {
    ...ownFields(part),
    type: 'input_image',
    ...(source.kind === 'file_id' ? { file_id: source.id } : { image_url: url }),
    ...(part.detail !== undefined && { detail: part.detail }),
    ...writeCache(part.cache),
  }
}

/** An `input_file`; undefined when it names no content. `file_data` is a data URL or bare base64. */
export function readFile(value: JsonObject): FilePart | undefined {
  const data = stringOf(value['file_data'])
  const url = stringOf(value['file_url'])
  const id = stringOf(value['file_id'])
  const filename = stringOf(value['filename'])
  const inline = data === undefined ? undefined : parseDataUrl(data)
  const source: MediaSource | undefined =
    data !== undefined
      ? { kind: 'base64', data: inline?.data ?? data, ...mediaTypeOf(inline?.mediaType) }
      : url !== undefined
        ? sourceOfUrl(url)
        : id !== undefined
          ? { kind: 'file_id', id }
          : undefined
  if (!source) return undefined
  return {
    type: 'file',
    source,
    ...(filename !== undefined && { name: filename }),
    ...cacheOf(value),
    ...restOf(value, fileKeys, data !== undefined && !inline ? { $bare: true } : undefined),
  }
}

/** The inverse; undefined for sources given as text or parts, which are no file here. */
export function writeFile(part: FilePart): JsonObject | undefined {
  const { source } = part
  const bare = note(part, '$bare') === true && source.kind === 'base64' ? source.data : undefined
  const where: JsonObject | undefined =
    source.kind === 'base64'
      ? { file_data: bare ?? toDataUrl(source) }
      : source.kind === 'url'
        ? { file_url: source.url }
        : source.kind === 'file_id'
          ? { file_id: source.id }
          : undefined
  if (!where) return undefined
  return {
    ...ownFields(part),
    type: 'input_file',
    ...where,
    ...(part.name !== undefined && { filename: part.name }),
    ...writeCache(part.cache),
  }
}

/** An `input_audio` or `output_audio`; undefined when it has no data. */
export function readAudio(value: JsonObject): AudioPart | undefined {
  const inner = objectOf(value['input_audio'])
  const data = stringOf(inner?.['data'] ?? value['data'])
  if (data === undefined) return undefined
  const format = stringOf(inner?.['format'])
  const transcript = stringOf(value['transcript'])
  return {
    type: 'audio',
    source: { kind: 'base64', data, ...(format !== undefined && { mediaType: `audio/${format}` }) },
    ...(transcript !== undefined && { transcript }),
    ...cacheOf(value),
    ...restOf(value, inner ? audioKeys : outputAudioKeys),
  }
}

/** The inverse; undefined for sound that is not given inline. */
export function writeAudio(part: AudioPart, side: 'input' | 'output'): JsonObject | undefined {
  if (part.source.kind !== 'base64') return undefined
  const { data, mediaType } = part.source
  if (side === 'output')
    return { ...ownFields(part), type: 'output_audio', data, transcript: part.transcript ?? '' }
  const format = audioFormat(mediaType)
  return {
    ...ownFields(part),
    type: 'input_audio',
    input_audio: { data, ...(format !== undefined && { format }) },
    ...writeCache(part.cache),
  }
}

/** Whether a part is sound, a picture or a document. */
export function isMedia(part: Part): part is ImagePart | FilePart | AudioPart {
  return part.type === 'image' || part.type === 'file' || part.type === 'audio'
}

function sourceOfUrl(url: string): MediaSource {
  const inline = parseDataUrl(url)
  return inline
    ? { kind: 'base64', data: inline.data, ...mediaTypeOf(inline.mediaType) }
    : { kind: 'url', url }
}

function urlOf(source: MediaSource): string | undefined {
  if (source.kind === 'url') return source.url
  return source.kind === 'base64' ? toDataUrl(source) : undefined
}

function mediaTypeOf(mediaType: string | undefined): { readonly mediaType?: string } {
  return mediaType === undefined ? {} : { mediaType }
}

const formats: ReadonlyMap<string, string> = new Map([
  ['mpeg', 'mp3'],
  ['x-wav', 'wav'],
  ['wave', 'wav'],
])

function audioFormat(mediaType: string | undefined): string | undefined {
  const format = mediaType?.split(';', 1)[0]?.split('/')[1]?.toLowerCase()
  return format === undefined ? undefined : (formats.get(format) ?? format)
}
