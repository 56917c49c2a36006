import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Custody, Json, JsonObject, Part } from '../model/index.ts'
import { isObject, typeName } from './read.ts'
import { parseJsonLossless, stringifyLossless } from './json.ts'

/** First characters of every envelope; the digit is the version of what is inside. */
export const envelopePrefix = 'gantry1.'

/** JSON inside one envelope, in bytes: what is larger is not sealed, what claims to be larger is not opened. */
export const maxEnvelopeBytes: number = 1024 * 1024

/** Settings of sealing and opening; the same `key` on both sides. */
export interface SealOptions {
  /** Signs envelopes, so that only ours are opened. Without it a checksum still finds what a client cut or changed. */
  readonly key?: string | Uint8Array
}

/** What one envelope holds, and where it belongs: how many texts and calls of its answer stand before it. */
export type Envelope = { readonly texts: number; readonly calls: number; readonly issuer?: string } & (
  | { readonly part: Part }
  | {
      /** State of a part that the client did get. */
      readonly custody: Custody
      readonly of: Part['type']
      /** How many parts of that type stand before it. */
      readonly nth: number
      readonly callId?: string
    }
)

/** Part types that may travel whole. */
const wholeTypes: readonly string[] = [
  'reasoning',
  'text',
  'server_tool_call',
  'server_tool_result',
  'compaction',
  'tools_added',
  'native',
]

const tagLength = 16
const maxDepth = 128
const pattern = /gantry1\.([A-Za-z0-9_-]+)/g

/** Closes an envelope; undefined when it would be too large. The same content always gives the same text. */
export function closeEnvelope(envelope: Envelope, options: SealOptions): string | undefined {
  const { texts, calls, issuer } = envelope
  const head = [texts, calls, issuer ?? null]
  const content =
    'part' in envelope
      ? [...head, 'part', envelope.part]
      : [...head, 'state', envelope.custody, envelope.of, envelope.nth, envelope.callId ?? null]
  const json = Buffer.from(stringifyLossless(content as unknown[] as Json[]), 'utf8')
  if (json.byteLength > maxEnvelopeBytes) return undefined
  return envelopePrefix + Buffer.concat([tagOf(json, options), json]).toString('base64url')
}

/** Whether an opaque blob holds envelopes of ours. */
export function holdsEnvelopes(blob: string): boolean {
  return blob.includes(envelopePrefix)
}

/**
 * Opens every envelope inside a blob: a protocol with one carrier for a message may have joined several.
 * Undefined stands for one that was changed, cut, signed by another, or is not shaped as ours are.
 */
export function openEnvelopes(blob: string, options: SealOptions): readonly (Envelope | undefined)[] {
  return Array.from(blob.matchAll(pattern), ([, sealed = '']) => openOne(sealed, options))
}

function openOne(sealed: string, options: SealOptions): Envelope | undefined {
  if (sealed.length > (maxEnvelopeBytes + tagLength) * 1.34 + 4) return undefined
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.byteLength <= tagLength) return undefined
  const json = bytes.subarray(tagLength)
  if (!timingSafeEqual(tagOf(json, options), bytes.subarray(0, tagLength))) return undefined
  const text = json.toString('utf8')
  if (deeperThan(text, maxDepth)) return undefined
  try {
    return envelopeOf(parseJsonLossless(text))
  } catch {
    return undefined
  }
}

/** Without a key only a checksum: everything inside is checked for its shape before it is used. */
function tagOf(json: Uint8Array, { key }: SealOptions): Uint8Array {
  const hash = key === undefined ? createHash('sha256').update(envelopePrefix) : createHmac('sha256', key)
  return hash.update(json).digest().subarray(0, tagLength)
}

function envelopeOf(value: Json): Envelope | undefined {
  if (!Array.isArray(value)) return undefined
  const [texts, calls, issuer, kind, content, of, nth, callId] = value as readonly Json[]
  if (!isCount(texts) || !isCount(calls) || !isObject(content)) return undefined
  if (issuer !== null && typeof issuer !== 'string') return undefined
  const head = { texts, calls, ...(issuer !== null && { issuer }) }
  if (kind === 'part') return isWholePart(content) ? { ...head, part: content } : undefined
  if (kind !== 'state' || !isCustody(content) || typeof of !== 'string' || !isCount(nth)) return undefined
  return {
    ...head,
    custody: content,
    of: of as Part['type'],
    nth,
    ...(typeof callId === 'string' && { callId }),
  }
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isCustody(value: Json | undefined): value is JsonObject & Custody {
  return (
    isObject(value) &&
    typeof value['protocol'] === 'string' &&
    typeof value['format'] === 'string' &&
    typeof value['blob'] === 'string' &&
    (value['issuer'] === undefined || typeof value['issuer'] === 'string')
  )
}

function isNative(value: Json | undefined): boolean {
  return isObject(value) && typeof value['protocol'] === 'string' && isObject(value['value'])
}

/** Shapes of the parts we seal; anything else inside an envelope was not put there by us. */
function isWholePart(value: JsonObject): value is JsonObject & Part {
  const { type, custody, extra } = value
  if (typeof type !== 'string' || !wholeTypes.includes(type)) return false
  if (custody !== undefined && !isCustody(custody)) return false
  if (extra !== undefined && !(isObject(extra) && Object.values(extra).every(isObject))) return false
  if (type === 'reasoning') return isCustody(custody) && isSegments(value['segments'])
  if (type === 'text') return isCustody(custody) && value['text'] === ''
  if (type === 'compaction') return isCustody(custody) && isOptionalString(value['text'])
  if (!isNative(value['native'])) return false
  if (type === 'native') return isOptionalString(value['text'])
  if (type === 'tools_added') return Array.isArray(value['names'])
  if (typeof value['tool'] !== 'string' || typeof value['callId'] !== 'string') return false
  if (type === 'server_tool_result') return Array.isArray(value['parts'])
  return typeof value['name'] === 'string' && typeof value['arguments'] === 'string'
}

function isSegments(value: Json | undefined): boolean {
  return (
    Array.isArray(value) &&
    (value as readonly Json[]).every(
      (item) =>
        isObject(item) &&
        typeName(item['text'] ?? null) === 'a string' &&
        (item['kind'] === 'text' || item['kind'] === 'summary'),
    )
  )
}

function isOptionalString(value: Json | undefined): boolean {
  return value === undefined || typeof value === 'string'
}

/** Whether JSON text nests deeper than allowed; looks at brackets outside strings only. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === 0x5c) at++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return false
}
