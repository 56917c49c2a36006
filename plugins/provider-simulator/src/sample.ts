import type { Json, JsonObject } from '@gantry/core'
import { isObject } from './json.ts'

const maxDepth = 12
const maxNodes = 2000

/**
 * A value that fits a JSON Schema, the same every time: required properties only, first choices, least bounds.
 * `$ref` is followed inside the schema. What it cannot satisfy (patterns, `not`) it ignores.
 */
export function sample(schema: JsonObject, word: string): Json {
  const walk: Walk = { root: schema, word, nodes: 0 }
  return value(schema, walk, 0)
}

interface Walk {
  readonly root: JsonObject
  readonly word: string
  nodes: number
}

function value(schema: unknown, walk: Walk, depth: number): Json {
  walk.nodes++
  if (!isObject(schema) || depth > maxDepth || walk.nodes > maxNodes) return null
  if ('const' in schema) return schema.const ?? null
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return (schema.enum as Json[])[0] ?? null
  if (typeof schema.$ref === 'string') return value(resolve(walk.root, schema.$ref), walk, depth + 1)
  for (const name of ['anyOf', 'oneOf'] as const) {
    const options = schema[name]
    if (Array.isArray(options)) return value(options[0], walk, depth + 1)
  }
  if (Array.isArray(schema.allOf)) return value(merged(schema), walk, depth + 1)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return fitted(
        typeof schema.format === 'string' ? (formats[schema.format] ?? walk.word) : walk.word,
        schema,
      )
    case 'integer':
      return Math.ceil(least(schema))
    case 'number':
      return least(schema)
    case 'boolean':
      return true
    case 'null':
      return null
    case 'array':
      return Array.from({ length: Math.min(bound(schema.minItems) ?? 1, 100) }, () =>
        value(schema.items, walk, depth + 1),
      )
    default:
      return object(schema, walk, depth)
  }
}

function object(schema: JsonObject, walk: Walk, depth: number): Json {
  const properties = isObject(schema.properties) ? schema.properties : {}
  const names = Array.isArray(schema.required)
    ? schema.required.filter((name) => typeof name === 'string')
    : []
  // Entries, not assignment: a property may be called `__proto__`.
  return Object.fromEntries(names.map((name) => [name, value(properties[name], walk, depth + 1)]))
}

function merged(schema: JsonObject): JsonObject {
  const all = (schema.allOf as unknown[]).filter(isObject)
  const { allOf: _allOf, ...own } = schema
  const parts = [...all, own]
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map((part) => part.properties)),
    required: parts.flatMap((part) => (Array.isArray(part.required) ? part.required : [])),
  }
}

function resolve(root: JsonObject, ref: string): unknown {
  if (!ref.startsWith('#')) return undefined
  let node: unknown = root
  for (const step of ref.slice(1).split('/').filter(Boolean)) {
    const name = decodeURIComponentSafe(step).replaceAll('~1', '/').replaceAll('~0', '~')
    node = isObject(node) && Object.hasOwn(node, name) ? node[name] : undefined
  }
  return node
}

function decodeURIComponentSafe(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

const formats: { readonly [format: string]: string } = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

function fitted(word: string, schema: JsonObject): string {
  const least = Math.min(bound(schema.minLength) ?? 0, 10_000)
  return word.padEnd(least, '.').slice(0, bound(schema.maxLength) ?? Infinity)
}

function least(schema: JsonObject): number {
  if (typeof schema.minimum === 'number') return schema.minimum
  if (typeof schema.exclusiveMinimum === 'number') return schema.exclusiveMinimum + 1
  return typeof schema.maximum === 'number' ? Math.min(1, schema.maximum) : 1
}

function bound(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}
