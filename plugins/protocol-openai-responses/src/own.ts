import type { Extra, Json, JsonObject } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { name } from './name.ts'

/** An object under construction. */
export interface Draft {
  [key: string]: Json | undefined
}

/**
 * Note on a request that our own server end decoded: `extra[name].$responses` is true. Towards an upstream of the same
 * wire such a request goes out as its client wrote it: ids, `strict`, pairs of calls and results are its own affair.
 */
export const ownRequestNote = '$responses'

/** Whether a client of this wire wrote the request. */
export function isOwnRequest(request: { readonly extra?: Extra }): boolean {
  return note(request, ownRequestNote) === true
}

/** Fields as an `extra` of this protocol; nothing when there are none. */
export function ownExtra(fields: JsonObject | undefined): { readonly extra?: Extra } {
  if (!fields) return {}
  for (const key in fields) if (fields[key] !== undefined) return { extra: { [name]: fields } }
  return {}
}

/**
 * What a node has beyond the modelled keys, as its `extra`. A modelled key whose value is null stays too: the wire
 * tells null from absent, and an encoder that writes the modelled value over the extra gets both right.
 */
export function restOf(
  object: JsonObject,
  modelled: ReadonlySet<string>,
  notes?: JsonObject,
): { readonly extra?: Extra } {
  const rest: [string, Json | undefined][] = []
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue
    if (!modelled.has(key) || (value === null && key !== 'type')) rest.push([key, value])
  }
  for (const [key, value] of Object.entries(notes ?? {})) rest.push([key, value])
  return rest.length === 0 ? {} : { extra: { [name]: Object.fromEntries(rest) } }
}

/** What a node keeps for this protocol, without the notes; ready to be spread into the wire object. */
export function ownFields(node: { readonly extra?: Extra } | undefined): Draft {
  const own = node?.extra?.[name]
  if (!own) return {}
  return Object.fromEntries(Object.entries(own).filter(([key]) => !key.startsWith('$')))
}

/** A note on spelling that a decoder left. */
export function note(node: { readonly extra?: Extra } | undefined, key: string): Json | undefined {
  return node?.extra?.[name]?.[key]
}

/** Lenient reading of what hosts send: the string, or nothing. */
export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The finite number, or nothing. */
export function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** The object, or nothing. */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

/** The objects of an array; nothing else in it counts. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []
}

/** Nothing that could be lost: null, absent, or empty. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.keys(value).length === 0
}

/** The same object without undefined fields. */
export function defined(draft: Draft): JsonObject {
  for (const key in draft) if (draft[key] === undefined) delete draft[key]
  return draft
}

/** Sets a field whose name comes from outside: `__proto__` stays data. */
export function setField(draft: Draft, key: string, value: Json | undefined): void {
  if (key !== '__proto__') draft[key] = value
  else Object.defineProperty(draft, key, { value, enumerable: true, configurable: true, writable: true })
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
