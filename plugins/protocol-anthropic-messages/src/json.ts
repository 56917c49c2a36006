import type { Json, JsonObject } from '@gantry/core'
import { isRawNumber } from '@gantry/core/codec'

/** A JSON object under construction. */
export interface Block {
  [key: string]: Json | undefined
}

/** The value when it is an object, not an array. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)
    ? (value as JsonObject)
    : undefined
}

/** The value when it is an array; its members are unchecked. */
export function asArray(value: Json | undefined): readonly Json[] | undefined {
  return Array.isArray(value) ? value : undefined
}

/** The value when it is a string. */
export function asString(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The value when it is a finite number, also one that was kept as it was written. */
export function asNumber(value: Json | undefined): number | undefined {
  if (isRawNumber(value)) return Number(value.rawJSON)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** The objects in an array; anything else in it is left out. */
export function objectsIn(value: Json | undefined): readonly JsonObject[] {
  const found: JsonObject[] = []
  for (const item of asArray(value) ?? []) {
    const object = asObject(item)
    if (object) found.push(object)
  }
  return found
}

/** Nothing that could be lost: null, absent, or empty. */
export function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}
