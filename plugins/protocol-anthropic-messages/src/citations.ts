import type { Citation, JsonObject, TextPart } from '@gantry/core'
import { asString, objectsIn } from './json.ts'
import { protocolName } from './name.ts'

const kinds: ReadonlyMap<string, Citation['kind']> = new Map([
  ['web_search_result_location', 'url'],
  ['char_location', 'document'],
  ['page_location', 'document'],
  ['content_block_location', 'document'],
])

/**
 * A citation as everybody reads it. The wire's offsets count in the cited source, not in the answer, so they stay
 * in `native` and `start`/`end` are left out.
 */
export function readCitation(raw: JsonObject): Citation {
  const url = asString(raw['url'])
  const title = asString(raw['title']) ?? asString(raw['document_title'])
  const quote = asString(raw['cited_text'])
  return {
    kind: kinds.get(asString(raw['type']) ?? '') ?? 'other',
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(quote !== undefined && { quote }),
    native: { protocol: protocolName, value: raw },
  }
}

/** The `citations` of a text block; undefined when there are none, which the wire writes as null or as an empty list. */
export function readCitations(block: JsonObject): TextPart['citations'] {
  const citations = objectsIn(block['citations']).map(readCitation)
  return citations.length > 0 ? citations : undefined
}

/** A citation that our own server end made for another wire's source: without the index that only the vendor can give. */
export function isForeignCitation(raw: JsonObject): boolean {
  return raw['type'] === 'web_search_result_location' && raw['encrypted_index'] === ''
}
