import type { Json, JsonObject } from '@gantry/core'
import { pointerTo } from '@gantry/core/codec'
import { asArray, asObject, type Block } from '../json.ts'

/**
 * Keywords that structured outputs refuse; they go into the description, where the model can still follow them.
 * `minItems` 0 and 1 are taken. Source: platform.claude.com, "Structured outputs", JSON Schema limitations.
 */
const bounds: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'minContains',
  'maxContains',
  'contains',
  'propertyNames',
  'patternProperties',
  'unevaluatedProperties',
  'dependentRequired',
  'dependentSchemas',
  'not',
  'if',
  'then',
  'else',
])
const schemaMaps: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions'])
/** Only what is referred to counts. */
const definitions: ReadonlySet<string> = new Set(['$defs', 'definitions'])
const schemaLists: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'prefixItems'])

/**
 * A schema as structured outputs take it: every object closed, bounds described instead of enforced, `oneOf` as
 * `anyOf`. `changed` gets the pointer of each place where the schema says less than before.
 */
export function strictSchema(schema: JsonObject, changed: (pointer: string) => void, pointer = ''): Block {
  const out: Block = {}
  const described: string[] = []
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || key === 'additionalProperties') continue
    const here = pointerTo(pointer, key)
    if (bounds.has(key) && !(key === 'minItems' && (value === 0 || value === 1))) {
      described.push(`${key} ${JSON.stringify(value)}`)
      changed(here)
    } else if (schemaMaps.has(key))
      out[key] = mapValues(value, (inner, name) => nested(inner, changed, pointerTo(here, name)))
    else if (schemaLists.has(key)) out[key] = mapItems(value, changed, here)
    else if (key === 'oneOf') {
      out['anyOf'] = mapItems(value, changed, here)
      changed(here)
    } else if (key === 'items') out[key] = nested(value, changed, here)
    else out[key] = value
  }
  if (isObjectSchema(schema)) {
    const open = schema['additionalProperties']
    if (open !== undefined && open !== false) {
      changed(pointerTo(pointer, 'additionalProperties'))
      if (typeof open === 'object') described.push(`additionalProperties ${JSON.stringify(open)}`)
    }
    out['additionalProperties'] = false
  }
  if (described.length > 0) {
    const limits = `Limits: ${described.join(', ')}.`
    out['description'] = typeof out['description'] === 'string' ? `${out['description']}\n${limits}` : limits
  }
  return out
}

/** Whether a schema refers to itself, which structured outputs refuse. Each definition is walked once. */
export function isRecursive(schema: JsonObject): boolean {
  const walking = new Set<string>()
  const done = new Set<string>()
  const visit = (node: Json | undefined): boolean => {
    if (Array.isArray(node)) return node.some((item: Json) => visit(item))
    const object = asObject(node)
    if (!object) return false
    const reference = object['$ref']
    if (typeof reference !== 'string') {
      return Object.entries(object).some(([key, value]) => !definitions.has(key) && visit(value))
    }
    if (reference === '#' || walking.has(reference)) return true
    if (done.has(reference)) return false
    walking.add(reference)
    const found = visit(resolve(schema, reference))
    walking.delete(reference)
    done.add(reference)
    return found
  }
  return visit(schema)
}

function nested(value: Json | undefined, changed: (pointer: string) => void, pointer: string): Json {
  const object = asObject(value)
  return object ? strictSchema(object, changed, pointer) : (value ?? null)
}

function mapItems(value: Json | undefined, changed: (pointer: string) => void, pointer: string): Json {
  return (asArray(value) ?? []).map((item, index) => nested(item, changed, pointerTo(pointer, index)))
}

/** The names in a map of schemas are data: `__proto__` stays a name. */
function mapValues(value: Json | undefined, map: (inner: Json, name: string) => Json): Json {
  return Object.fromEntries(
    Object.entries(asObject(value) ?? {}).map(([name, inner]) => [name, map(inner ?? null, name)]),
  )
}

function isObjectSchema(schema: JsonObject): boolean {
  const type = schema['type']
  return (
    type === 'object' ||
    (Array.isArray(type) && type.includes('object')) ||
    asObject(schema['properties']) !== undefined
  )
}

function resolve(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith('#/')) return undefined
  let node: Json | undefined = root
  for (const step of reference.slice(2).split('/')) {
    const object: JsonObject | undefined = asObject(node)
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    node = object && Object.hasOwn(object, name) ? object[name] : undefined
  }
  return node
}
