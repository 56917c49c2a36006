import { readFileSync } from 'node:fs'
import type { Json, JsonObject } from '@gantry/core'

/**
 * Checks values against Anthropic's published schema, as far as it uses JSON Schema. Of alternatives that a `type` tells
 * apart only the one that is meant is looked at, so that a message says what is wrong inside it. The schema describes no
 * stream events: what they hold is checked by the schemas of what it becomes.
 */
const spec = JSON.parse(
  readFileSync(
    new URL('../../../../test/fixtures/specs/anthropic-openapi.trimmed.json', import.meta.url),
    'utf8',
  ),
) as { components: { schemas: { [name: string]: JsonObject } } }
const { schemas } = spec.components

/** What is wrong with a value, one line each; empty when it fits the named schema. */
export function violations(name: string, value: Json | undefined): readonly string[] {
  return check({ $ref: `#/components/schemas/${name}` }, value, '')
}

/** The same for an error body. `request_too_large` is on the vendor's page of errors and missing in its schema. */
export function errorViolations(body: JsonObject): readonly string[] {
  const problems = violations('BetaErrorResponse', body)
  return problems.filter((line) => line !== '.error: nothing has the type request_too_large')
}

/** Types of deltas, and the field that each adds. */
const deltas: ReadonlyMap<string, string> = new Map([
  ['text_delta', 'text'],
  ['thinking_delta', 'thinking'],
  ['signature_delta', 'signature'],
  ['input_json_delta', 'partial_json'],
])

/** What is wrong with one stream event. `message` and `block` name the schemas of what it holds. */
export function eventViolations(event: JsonObject, message: string, block: string): readonly string[] {
  const type = String(event['type'])
  const said = (problems: readonly string[]): readonly string[] => problems.map((line) => `${type}${line}`)
  switch (type) {
    case 'ping':
    case 'message_stop':
      return []
    case 'content_block_stop':
      return said(isIndex(event))
    case 'message_start':
      return said(violations(message, event['message']))
    case 'content_block_start':
      return said([...isIndex(event), ...violations(block, event['content_block'])])
    case 'content_block_delta':
      return said([...isIndex(event), ...deltaViolations(event['delta'])])
    case 'message_delta': {
      const { stop_reason: reason, stop_sequence: sequence } = isObject(event['delta']) ? event['delta'] : {}
      return said([
        ...(reason === null ? [] : violations('BetaStopReason', reason)),
        ...(sequence === null || typeof sequence === 'string' ? [] : [': stop_sequence is no string']),
        ...violations('Usage', { ...unsaid, ...(isObject(event['usage']) ? event['usage'] : {}) }),
      ])
    }
    case 'error':
      return said(errorViolations(event))
    default:
      return [`${type} is no event`]
  }
}

/** A delta of usage need not repeat these. */
const unsaid: JsonObject = {
  cache_creation: null,
  cache_creation_input_tokens: null,
  cache_read_input_tokens: null,
  inference_geo: null,
  server_tool_use: null,
  service_tier: null,
  input_tokens: 0,
}

function isIndex({ index }: JsonObject): readonly string[] {
  return Number.isInteger(index) ? [] : ['.index: missing']
}

function deltaViolations(delta: Json | undefined): readonly string[] {
  if (!isObject(delta)) return ['.delta: missing']
  const type = String(delta['type'])
  const field = deltas.get(type)
  if (field !== undefined) return typeof delta[field] === 'string' ? [] : [`.delta.${field}: no string`]
  if (type === 'citations_delta') {
    return violations('ResponseTextBlock', {
      type: 'text',
      text: '',
      citations: [delta['citation'] ?? null],
    })
  }
  return type === 'compaction_delta' ? [] : [`.delta.type: ${type} is no delta`]
}

function check(given: JsonObject, value: Json | undefined, path: string): readonly string[] {
  const schema = resolve(given)
  const problems: string[] = []
  for (const part of listOf(schema['allOf'])) problems.push(...check(part, value, path))
  const branches = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]
  if (branches.length > 0) problems.push(...checkBranches(branches, value, path))
  const words = schema['enum'] ?? (schema['const'] === undefined ? undefined : [schema['const']])
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
  if (typeof value === 'string') problems.push(...checkText(schema, value, path))
  if (typeof value === 'number' && typeof schema['minimum'] === 'number' && value < schema['minimum']) {
    problems.push(`${path}: less than ${schema['minimum']}`)
  }
  return problems
}

function checkText(schema: JsonObject, value: string, path: string): readonly string[] {
  const { maxLength, minLength, pattern } = schema
  return [
    ...(typeof maxLength === 'number' && value.length > maxLength
      ? [`${path}: longer than ${maxLength}`]
      : []),
    ...(typeof minLength === 'number' && value.length < minLength
      ? [`${path}: shorter than ${minLength}`]
      : []),
    ...(typeof pattern === 'string' && !new RegExp(pattern).test(value)
      ? [`${path}: ${shown(value)} does not match ${pattern}`]
      : []),
  ]
}

function checkObject(schema: JsonObject, value: JsonObject, path: string): readonly string[] {
  const problems: string[] = []
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  for (const key of Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : []) {
    if (value[key] === undefined) problems.push(`${path}.${key}: missing`)
  }
  for (const [key, item] of Object.entries(value)) {
    const property = properties[key]
    if (isObject(property)) problems.push(...check(property, item, `${path}.${key}`))
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
  const all = branches.flatMap(flatten)
  const meant = all.filter((branch) => typesOf(resolve(branch)).includes(String(type)))
  const isTagged = typeof type === 'string' && all.some((branch) => typesOf(resolve(branch)).length > 0)
  if (isTagged && meant.length === 0) return [`${path}: nothing has the type ${type}`]
  const results = (isTagged ? meant : branches).map((branch) => check(branch, value, path))
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
  const type = isObject(properties['type']) ? resolve(properties['type']) : {}
  const words = type['const'] === undefined ? type['enum'] : [type['const']]
  return Array.isArray(words) ? words.map(String) : []
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
