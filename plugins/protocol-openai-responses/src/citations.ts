import type { Citation, JsonObject } from '@gantry/core'
import { name } from './name.ts'
import { numberOf, stringOf } from './own.ts'

const kinds: ReadonlyMap<string, Citation['kind']> = new Map<string, Citation['kind']>([
  ['url_citation', 'url'],
  ['file_citation', 'file'],
  ['container_file_citation', 'file'],
  ['file_path', 'file'],
])

/** An annotation of an output text as everybody reads it; the exact one stays in `native`. */
export function readAnnotation(raw: JsonObject): Citation {
  const url = stringOf(raw['url'])
  const title = stringOf(raw['title']) ?? stringOf(raw['filename'])
  const start = numberOf(raw['start_index'])
  const end = numberOf(raw['end_index'])
  return {
    kind: kinds.get(stringOf(raw['type']) ?? '') ?? 'other',
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    native: { protocol: name, value: raw },
  }
}

/** The inverse; undefined for a source of another protocol that has no URL, which this wire has no form for. */
export function writeAnnotation(citation: Citation): JsonObject | undefined {
  if (citation.native.protocol === name) return citation.native.value
  if (citation.url === undefined) return undefined
  return {
    type: 'url_citation',
    url: citation.url,
    title: citation.title ?? '',
    start_index: citation.start ?? 0,
    end_index: citation.end ?? 0,
  }
}
