import type { Citation, Extra, Json, JsonObject, Part } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { decodeCall, decodeLegacyCall } from './calls.ts'
import { name, objectsOf, setField, stringOf, type Draft } from './own.ts'
import { decodeImage, decodeSpokenAnswer } from './media.ts'
import { decodeContentPart } from './parts.ts'
import { decodeReasoning } from './reasoning.ts'

/** An assistant message taken apart. */
export interface AssistantMessage {
  readonly parts: readonly Part[]
  /** Unmodelled fields. */
  readonly rest: Draft
}

/**
 * Reads an assistant message, of a request or an answer: reasoning, content, refusal, sound, pictures, calls.
 * `mint` gives the id of call number n where the message has none.
 */
export function decodeAssistant(
  message: JsonObject,
  mint: (position: number) => string,
  at?: string,
): AssistantMessage {
  const parts: Part[] = [...decodeReasoning(message, at)]
  const text = decodeContent(message['content'], at === undefined ? undefined : `${at}/content`)
  const citations = objectsOf(message['annotations']).map(decodeCitation)
  parts.push(...withCitations(text, citations))
  const refusal = stringOf(message['refusal'])
  if (refusal) parts.push({ type: 'refusal', text: refusal, ...here(at, 'refusal') })
  if (isObject(message['audio']))
    parts.push({ ...decodeSpokenAnswer(message['audio']), ...here(at, 'audio') })
  objectsOf(message['images']).forEach((image, index) =>
    parts.push({ ...decodeImage(image), ...here(at, `images/${index}`) }),
  )
  let calls = 0
  for (const call of objectsOf(message['tool_calls'])) {
    const position = calls++
    parts.push(
      decodeCall(call, () => mint(position), at === undefined ? undefined : `${at}/tool_calls/${position}`),
    )
  }
  const legacy = message['function_call']
  if (isObject(legacy)) {
    parts.push(decodeLegacyCall(legacy, mint(calls), at === undefined ? undefined : `${at}/function_call`))
  }
  return { parts, rest: restOfMessage(message) }
}

/** Content as a string or a list; null, absent and `''` are no part. */
export function decodeContent(content: Json | undefined, at?: string): Part[] {
  if (typeof content === 'string') {
    return content === '' ? [] : [{ type: 'text', text: content, ...(at !== undefined && { at }) }]
  }
  return objectsOf(content).map((value, index) =>
    decodeContentPart(value, at === undefined ? undefined : `${at}/${index}`),
  )
}

/** A source of a statement; only web pages have fields that every protocol knows. */
export function decodeCitation(annotation: JsonObject): Citation {
  const native = { protocol: name, value: annotation }
  const web = annotation['url_citation']
  if (!isObject(web)) return { kind: annotation['type'] === 'file' ? 'file' : 'other', native }
  const [url, title, quote] = [stringOf(web['url']), stringOf(web['title']), stringOf(web['content'])]
  const [start, end] = [web['start_index'], web['end_index']]
  return {
    kind: 'url',
    ...(url !== undefined && { url }),
    ...(title !== undefined && { title }),
    ...(quote !== undefined && { quote }),
    ...(typeof start === 'number' && { start }),
    ...(typeof end === 'number' && { end }),
    native,
  }
}

/** An annotation; undefined when the source has no URL and comes from elsewhere. `shift` is the text before its part. */
export function encodeCitation(citation: Citation, shift: number): JsonObject | undefined {
  if (citation.native.protocol === name) return citation.native.value
  if (citation.url === undefined) return undefined
  const { url, title, quote, start, end } = citation
  return {
    type: 'url_citation',
    url_citation: {
      url,
      title: title ?? url,
      start_index: (start ?? 0) + shift,
      end_index: (end ?? 0) + shift,
      ...(quote !== undefined && { content: quote }),
    },
  }
}

/** Unmodelled fields of a message, and the nulls that some hosts write for modelled ones. */
export function restOfMessage(message: JsonObject): Draft {
  const rest: Draft = {}
  for (const [key, value] of Object.entries(message)) {
    if (value === undefined) continue
    if (!messageKeys.has(key)) setField(rest, key, value)
    else if ((value === null || value === '') && keptEmpty.has(key)) setField(rest, key, value)
  }
  const { reasoning_content: content, reasoning } = message
  if (content && reasoning && content !== reasoning) rest['reasoning'] = reasoning
  return rest
}

/** Fields as the `extra` of a node. */
export function extraOf(fields: Draft): { readonly extra?: Extra } {
  return Object.keys(fields).length > 0 ? { extra: { [name]: fields } } : {}
}

function withCitations(parts: Part[], citations: readonly Citation[]): readonly Part[] {
  if (citations.length === 0) return parts
  const last = parts.findLastIndex((part) => part.type === 'text')
  const part = parts[last]
  if (part?.type !== 'text') return [...parts, { type: 'text', text: '', citations }]
  return parts.with(last, { ...part, citations })
}

function here(at: string | undefined, step: string): { readonly at?: string } {
  return at === undefined ? {} : { at: `${at}/${step}` }
}

const messageKeys: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'audio',
  'images',
  'tool_calls',
  'function_call',
  'tool_call_id',
  'annotations',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
])
const keptEmpty: ReadonlySet<string> = new Set([
  'audio',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
  'function_call',
])
