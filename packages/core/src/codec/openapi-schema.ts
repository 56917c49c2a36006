import type { Json, JsonObject } from '../model/index.ts'
import { isObject } from './read.ts'

/** Keywords of Gemini's schemas whose numbers come as strings. */
const counts: RegExp = /^(?:min|max)(?:Items|Length|Properties|imum)$/

/**
 * Gemini's OpenAPI subset as JSON Schema: types in lower case, counts as numbers, `nullable` as a type union.
 * Free values (`enum`, `default`, `example`) and the names of properties are not touched.
 */
export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, Json | undefined][] => {
    if (key === 'nullable' || key === 'propertyOrdering') return []
    if (key === 'type') return [[key, typeOf(value, schema['nullable'] === true)]]
    if (counts.test(key) && typeof value === 'string') return [[key, Number(value)]]
    if (key === 'properties' && isObject(value)) {
      // The names are data: `__proto__` stays a name.
      return [[key, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inside(inner)]))]]
    }
    if (key === 'items' || key === 'additionalProperties') return [[key, inside(value)]]
    if (key === 'anyOf' && Array.isArray(value)) {
      return [[key, (value as readonly Json[]).map((inner) => inside(inner) ?? null)]]
    }
    return [[key, value]]
  })
  return Object.fromEntries(entries)
}

function inside(value: Json | undefined): Json | undefined {
  return isObject(value) ? jsonSchemaOf(value) : value
}

function typeOf(value: Json | undefined, isNullable: boolean): Json | undefined {
  if (typeof value !== 'string') return value
  const type = value.toLowerCase()
  return isNullable ? [type, 'null'] : type
}
