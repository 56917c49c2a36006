import type { Json, JsonObject } from '@gantry/core'
import { isObject } from '@gantry/core/codec'

/** Fields of Gemini's schemas that hold numbers as strings. */
const counts: ReadonlySet<string> = new Set([
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
])

/**
 * Gemini's OpenAPI subset as JSON Schema: types in lower case, counts as numbers, `nullable` as a type.
 * Free values (`enum`, `default`, `example`) and names of properties are not touched.
 */
export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const result: { [key: string]: Json | undefined } = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'nullable' || key === 'propertyOrdering') continue
    if (key === 'type' && typeof value === 'string') result[key] = value.toLowerCase()
    else if (counts.has(key) && typeof value === 'string') result[key] = Number(value)
    else if (key === 'properties' && isObject(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, converted(inner)]))
    } else if (key === 'items' || key === 'additionalProperties') result[key] = converted(value)
    else if (key === 'anyOf' && Array.isArray(value))
      result[key] = (value as readonly Json[]).map(converted) as Json[]
    else result[key] = value
  }
  if (schema['nullable'] === true && typeof result['type'] === 'string')
    result['type'] = [result['type'], 'null']
  return result
}

function converted(value: Json | undefined): Json | undefined {
  return isObject(value) ? jsonSchemaOf(value) : value
}
