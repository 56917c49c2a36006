import type { Frame, Json, JsonObject, Operation, Usage } from '@gantry/core'
import type { CapturedExchange } from '../fixtures.ts'

/**
 * What a conformance suite knows of one wire format, written without its codec: how bodies are compared, how a client
 * would fold a stream, and what the bytes say about usage.
 */
export interface WireRules {
  /** `protocol` of the exchanges in recorded captures that belong to this format. */
  readonly captures: string
  /** Which operation an exchange is about; undefined leaves it out. */
  operation(exchange: CapturedExchange): Operation | undefined
  /** A request body in the form in which two that mean the same are equal. Key order never counts. */
  request(body: Json): Json
  /** A response body likewise. */
  response(body: Json): Json
  /** Frames of the first stream, its last frame included: a recording may hold several. */
  first(frames: readonly Frame[]): readonly Frame[]
  /** What a client makes of a stream: a response body. Several streams in one recording: the first. */
  fold(frames: readonly Frame[]): Json
  /** Kinds of frames in order, neighbours of one kind as one; frames that may come anywhere are left out. */
  kinds(frames: readonly Frame[]): readonly string[]
  /** Disjoint token counts of a response body or a folded stream; undefined when it reports none. */
  usage(body: Json): Usage['tokens'] | undefined
}

/** Whether a JSON value is an object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object, or an empty one. */
export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** The objects of an array; empty when it is none. */
export function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item: Json) => isObject(item)) : []
}

/** A number, or 0. */
export function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** A string, or an empty one. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** An object without those keys whose value is null, empty text, or an empty list. */
export function withoutEmpty(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key, value]) => !(keys.includes(key) && isEmpty(value))),
  )
}

/** Content that is one plain text part, as its string. */
export function plainContent(content: Json | undefined): Json | undefined {
  if (!Array.isArray(content) || content.length !== 1) return content
  const [only] = content as readonly Json[]
  const isPlain = isObject(only) && only['type'] === 'text' && Object.keys(only).length === 2
  return isPlain ? textOf(only['text']) : content
}

/** Counts that are not 0. */
export function nonZero(tokens: Usage['tokens']): Usage['tokens'] {
  return Object.fromEntries(Object.entries(tokens).filter(([, count]) => count !== 0 && count !== undefined))
}

/** Neighbours that are equal, as one. */
export function collapse(kinds: readonly string[]): readonly string[] {
  return kinds.filter((kind, index) => kind !== kinds[index - 1])
}

/** A frame's data parsed; undefined when it is not a JSON object. */
export function frameJson(frame: Frame): JsonObject | undefined {
  try {
    const value = JSON.parse(frame.data) as Json
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

/** Frames up to the first that closes the stream, itself included; all when none does. */
export function upTo(frames: readonly Frame[], closes: (frame: Frame) => boolean): readonly Frame[] {
  const last = frames.findIndex(closes)
  return last < 0 ? frames : frames.slice(0, last + 1)
}
