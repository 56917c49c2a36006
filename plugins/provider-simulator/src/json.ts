import type { JsonObject } from '@gantry/core'

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list of the JSON objects in a list, or nothing. */
export function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** A string, or nothing. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** How messages of vendors name a JSON type. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal'
  return typeof value
}

/** Whether a field was left out; both wires take null for that nearly everywhere. */
export function absent(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
