import type { Extra, Json, JsonObject } from '@gantry/core'
import { collectExtra, isObject } from '@gantry/core/codec'
import { name } from './name.ts'

/** An object under construction. */
export interface Draft {
  [key: string]: Json | undefined
}

/** Fields as an `extra` of this protocol; nothing when there are none. */
export function ownExtra(fields: JsonObject | undefined): { readonly extra?: Extra } {
  if (!fields) return {}
  for (const key in fields) if (fields[key] !== undefined) return { extra: { [name]: fields } }
  return {}
}

/** Unmodelled fields of `object`, and notes on spelling, as a node's `extra`. */
export function restOf(
  object: JsonObject,
  known: ReadonlySet<string>,
  notes?: JsonObject,
): { readonly extra?: Extra } {
  const rest = collectExtra(object, known)
  return ownExtra(notes ? { ...rest, ...notes } : rest)
}

/** What a node keeps for this protocol, without the notes. */
export function ownFields(node: { readonly extra?: Extra } | undefined): Draft {
  const own = node?.extra?.[name]
  if (!own) return {}
  const fields: Draft = {}
  for (const [key, value] of Object.entries(own)) if (!key.startsWith('$')) setField(fields, key, value)
  return fields
}

/** Sets a field whose name comes from outside: `__proto__` stays data. */
export function setField(draft: Draft, key: string, value: Json | undefined): void {
  if (key !== '__proto__') draft[key] = value
  else Object.defineProperty(draft, key, { value, enumerable: true, configurable: true, writable: true })
}

/** A note on spelling that the decoder left (`$string`, `$implied`). */
export function note(node: { readonly extra?: Extra } | undefined, key: string): Json | undefined {
  return node?.extra?.[name]?.[key]
}

/** The same object without undefined fields. */
export function defined(draft: Draft): JsonObject {
  for (const key in draft) if (draft[key] === undefined) delete draft[key]
  return draft
}

/** Lenient reading of what hosts send: the string, or nothing. */
export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The objects of an array; nothing else in it counts. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []
}

/** A JSON pointer as OpenAI writes `param`: `/input/0/content` is `input[0].content`. */
export function paramOf(pointer: string): string {
  if (!pointer.startsWith('/')) return pointer
  let path = ''
  for (const raw of pointer.slice(1).split('/')) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~')
    if (/^\d+$/.test(step)) path += `[${step}]`
    else path += path === '' ? step : `.${step}`
  }
  return path
}
