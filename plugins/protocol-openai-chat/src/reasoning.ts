import type { Custody, Json, JsonObject, Part, ReasoningPart, ReasoningSegment } from '@gantry/core'
import { name, note, objectsOf, ownExtra, setField, stringOf, type Draft } from './own.ts'

/** Custody format of this protocol's clients, and the beginning of an envelope that core sealed. */
export const carrier = 'reasoning_details'
const sealed = 'gantry1.'

/** Where the text of a reasoning part stood: a field of the message, both, only in the details, or the content list. */
export type ReasoningField = 'reasoning_content' | 'reasoning' | 'both' | 'details' | 'content'

/**
 * Reads the reasoning of an assistant message, in any dialect: `reasoning_content` (DeepSeek, Qwen, vLLM, xAI),
 * `reasoning` (OpenRouter, Groq) and `reasoning_details` (OpenRouter; also what carries core's envelopes).
 */
export function decodeReasoning(message: JsonObject, at?: string): readonly ReasoningPart[] {
  const content = stringOf(message['reasoning_content']) || undefined
  const plain = stringOf(message['reasoning']) || undefined
  const { native, envelopes } = splitDetails(message['reasoning_details'])
  const text = content ?? plain
  const parts: ReasoningPart[] = []
  if (text !== undefined || native.length > 0) {
    const custody = native.length > 0 ? custodyOf(JSON.stringify(native)) : envelopes.shift()
    const field = fieldOf(content, plain, text)
    parts.push({
      type: 'reasoning',
      segments: text === undefined ? segmentsOf(native) : [{ kind: 'text', text }],
      ...(custody && { custody }),
      ...ownExtra(field === 'reasoning_content' ? undefined : { $field: field }),
      ...(at !== undefined && {
        at: `${at}/${text === undefined ? carrier : content ? 'reasoning_content' : 'reasoning'}`,
      }),
    })
  }
  for (const custody of envelopes) {
    parts.push({
      type: 'reasoning',
      segments: [],
      custody,
      ...(at !== undefined && { at: `${at}/${carrier}` }),
    })
  }
  return parts
}

/**
 * Writes reasoning as fields of a message; `field` is used for parts without a note, `details` writes no text.
 * Parts that stood in the content list go back there in a request (`list`); a chat client gets them as a field.
 */
export function encodeReasoning(parts: readonly Part[], field: ReasoningField, list = false): Draft {
  const texts: string[] = []
  const details: Json[] = []
  let spelled: Json | undefined
  for (const part of parts) {
    if (part.type !== 'reasoning') continue
    const own = note(part, '$field')
    const spelling = own === undefined || (own === 'content' && !list) ? field : own
    if (spelling !== 'details' && spelling !== 'content') {
      const text = reasoningText(part.segments)
      if (text !== '') {
        texts.push(text)
        spelled ??= spelling
      }
    }
    if (part.custody) details.push(...detailsOf(part.custody, details.length))
  }
  const text = texts.join('\n\n')
  return {
    ...(text !== '' &&
      (spelled === 'reasoning_content' || spelled === 'both') && { reasoning_content: text }),
    ...(text !== '' && (spelled === 'reasoning' || spelled === 'both') && { reasoning: text }),
    ...(details.length > 0 && { reasoning_details: details }),
  }
}

/** Segments as one text. */
export function reasoningText(segments: readonly ReasoningSegment[]): string {
  return segments.map(({ text }) => text).join('\n\n')
}

/** Entries of `reasoning_details` for a custody; `count` entries stand before. Foreign custody has none. */
export function detailsOf(custody: Custody, count: number): readonly Json[] {
  if (custody.format !== carrier) return []
  if (custody.blob.startsWith(sealed)) {
    return [{ type: 'reasoning.encrypted', format: 'gantry-v1', data: custody.blob, index: count }]
  }
  if (custody.protocol !== name) return []
  try {
    const entries = JSON.parse(custody.blob) as Json
    return Array.isArray(entries) ? (entries as readonly Json[]) : []
  } catch {
    // Not what this protocol issued: nobody could read it.
    return []
  }
}

/** Custody of an exact array. */
export function custodyOf(blob: string): Custody {
  return { protocol: name, format: carrier, blob }
}

/** Tells core's envelopes from what the upstream's host issued. */
export function splitDetails(value: Json | undefined): { native: JsonObject[]; envelopes: Custody[] } {
  const native: JsonObject[] = []
  const envelopes: Custody[] = []
  for (const entry of objectsOf(value)) {
    const data = stringOf(entry['data'])
    if (data?.startsWith(sealed)) envelopes.push(custodyOf(data))
    else native.push(entry)
  }
  return { native, envelopes }
}

/** Joins entries that a stream brought in pieces. Texts of one type and index belong together; sealed data is whole. */
export function detailsMerger(): {
  add(entries: readonly JsonObject[]): void
  take(): readonly JsonObject[]
  isEmpty(): boolean
} {
  let order: { entry: Draft; pieces: { [key: string]: string[] } }[] = []
  let byKey = new Map<string, (typeof order)[number]>()
  return {
    isEmpty: () => order.length === 0,
    add(entries) {
      for (const entry of entries) {
        const index = entry['index']
        const type = stringOf(entry['type']) ?? ''
        const key =
          typeof index === 'number' && type !== 'reasoning.encrypted' ? `${type} ${index}` : undefined
        let slot = key === undefined ? undefined : byKey.get(key)
        if (!slot) {
          order.push((slot = { entry: {}, pieces: {} }))
          if (key !== undefined) byKey.set(key, slot)
        }
        for (const [field, value] of Object.entries(entry)) {
          if ((field === 'text' || field === 'summary') && typeof value === 'string') {
            ;(slot.pieces[field] ??= []).push(value)
            slot.entry[field] ??= ''
          } else if (value !== null || slot.entry[field] === undefined) setField(slot.entry, field, value)
        }
      }
    },
    take() {
      const taken = order.map(({ entry, pieces }) => {
        for (const [field, texts] of Object.entries(pieces)) entry[field] = texts.join('')
        return entry
      })
      order = []
      byKey = new Map()
      return taken
    },
  }
}

/** Readable text inside details, for a target that cannot take them. */
export function segmentsOf(details: readonly JsonObject[]): readonly ReasoningSegment[] {
  return details.flatMap((entry): ReasoningSegment[] => {
    const summary = stringOf(entry['summary'])
    if (summary) return [{ kind: 'summary', text: summary }]
    const text = stringOf(entry['text'])
    return text ? [{ kind: 'text', text }] : []
  })
}

/** Reads Mistral's `{type: "thinking", thinking: [{type: "text", text}]}`. */
export function thinkingText(part: JsonObject): string {
  const thinking = part['thinking']
  if (typeof thinking === 'string') return thinking
  return objectsOf(thinking)
    .map((item) => stringOf(item['text']) ?? '')
    .join('')
}

function fieldOf(
  content: string | undefined,
  plain: string | undefined,
  text: string | undefined,
): ReasoningField {
  if (text === undefined) return 'details'
  if (content !== undefined && content === plain) return 'both'
  return content === undefined ? 'reasoning' : 'reasoning_content'
}
