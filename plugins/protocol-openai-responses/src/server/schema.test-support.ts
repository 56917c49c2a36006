import { readFileSync } from 'node:fs'
import type { Json, JsonObject } from '@gantry/core'

/**
 * Checks values against OpenAI's published schema, as far as it uses JSON Schema. Of alternatives that a `type` tells
 * apart only the one that is meant is looked at, so that a message says what is wrong inside it.
 *
 * Where the vendor's own recorded traffic does not fit its schema, the schema is wrong: `deviations` lists each.
 */
const spec = JSON.parse(
  readFileSync(
    new URL('../../../../test/fixtures/specs/openai-openapi.trimmed.json', import.meta.url),
    'utf8',
  ),
) as { components: { schemas: { [name: string]: JsonObject } } }
const schemas = spec.components.schemas

/** `path suffix: what the vendor sends and its schema forbids`. */
const deviations: readonly { readonly at: RegExp; readonly allows: (value: Json) => boolean }[] = [
  // Recorded in every `response.created`: nothing is counted yet.
  { at: /(^|\.)usage$/, allows: (value) => value === null },
  // Recorded: `insufficient_quota` in a failed response; the list of codes is open.
  { at: /(^|\.)error\.code$/, allows: (value) => typeof value === 'string' },
  // Recorded: a described schema's `description` is null where the client gave none.
  { at: /\.format\.description$/, allows: (value) => value === null },
]

/** What is wrong with a value, one line each; empty when it fits the named schema. */
export function violations(name: string, value: Json): readonly string[] {
  return check({ $ref: `#/components/schemas/${name}` }, value, '')
}

/** What is wrong with one stream event, by its `type`. */
export function eventViolations(event: JsonObject): readonly string[] {
  const type = String(event['type'])
  const schema = events.get(type)
  return schema ? check(schema, event, '').map((line) => `${type}: ${line}`) : [`${type} is no event`]
}

const events = new Map(
  listOf(schemas['ResponseStreamEvent']?.['anyOf']).map((schema) => [
    typesOf(resolve(schema))[0] ?? '',
    schema,
  ]),
)

function check(given: JsonObject, value: Json | undefined, path: string): readonly string[] {
  if (deviations.some(({ at, allows }) => at.test(path) && allows(value ?? null))) return []
  const schema = resolve(given)
  const problems: string[] = []
  for (const part of listOf(schema['allOf'])) problems.push(...check(part, value, path))
  const branches = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]
  if (branches.length > 0) problems.push(...checkBranches(branches, value, path))
  const words = schema['enum']
  if (Array.isArray(words) && !words.includes(value as never)) {
    problems.push(`${path}: ${shown(value)} is none of ${words.slice(0, 8).join(', ')}`)
  }
  const type = schema['type']
  if (typeof type === 'string' && !isOf(type, value)) {
    return [...problems, `${path}: ${shown(value)} is no ${type}`]
  }
  if (isObject(value)) problems.push(...checkObject(schema, value, path))
  if (Array.isArray(value) && isObject(schema['items'])) {
    const items = schema['items']
    value.forEach((item: Json, index) => problems.push(...check(items, item, `${path}[${index}]`)))
  }
  if (
    typeof value === 'string' &&
    typeof schema['maxLength'] === 'number' &&
    value.length > schema['maxLength']
  ) {
    problems.push(`${path}: longer than ${schema['maxLength']}`)
  }
  return problems
}

function checkObject(schema: JsonObject, value: JsonObject, path: string): readonly string[] {
  const problems: string[] = []
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  for (const key of Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : []) {
    if (value[key] === undefined) problems.push(`${path}.${key}: missing`)
  }
  for (const [key, item] of Object.entries(value)) {
    const property = properties[key]
    if (isObject(property)) problems.push(...check(property, item, path === '' ? key : `${path}.${key}`))
    else if (schema['additionalProperties'] === false) problems.push(`${path}.${key}: not allowed`)
  }
  return problems
}

function checkBranches(
  branches: readonly JsonObject[],
  value: Json | undefined,
  path: string,
): readonly string[] {
  const type = isObject(value) ? value['type'] : undefined
  const meant = branches.flatMap(flatten).filter((branch) => typesOf(resolve(branch)).includes(String(type)))
  const candidates = typeof type === 'string' && meant.length > 0 ? meant : branches
  const results = candidates.map((branch) => check(branch, value, path))
  if (results.some((problems) => problems.length === 0)) return []
  return results.toSorted((left, right) => left.length - right.length)[0] ?? []
}

/** Alternatives inside alternatives, as one list. */
function flatten(schema: JsonObject): readonly JsonObject[] {
  const resolved = resolve(schema)
  const inner = [...listOf(resolved['anyOf']), ...listOf(resolved['oneOf'])]
  return inner.length > 0 ? inner.flatMap(flatten) : [schema]
}

/** Values of `type` that a schema of objects takes. */
function typesOf(schema: JsonObject): readonly string[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const type = isObject(properties['type']) ? resolve(properties['type'])['enum'] : undefined
  const own = Array.isArray(type) ? type.map(String) : []
  return [...own, ...listOf(schema['allOf']).flatMap((part) => typesOf(resolve(part)))]
}

function resolve(schema: JsonObject): JsonObject {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return schema
  const found = schemas[reference.split('/').at(-1) ?? '']
  if (!found) throw new Error(`The schema has no ${reference}.`)
  return resolve(found)
}

function isOf(type: string, value: Json | undefined): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    default:
      return typeof value === type
  }
}

function shown(value: Json | undefined): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 60)
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []
}
