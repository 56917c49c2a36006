import type { JsonObject } from '@gantry/core'
import { isObject, objects } from '../json.ts'
import { refuse } from '../refusal.ts'

const maxDepth = 64

/** Refuses a schema that was called strict and is not: every object closed, every property required. */
export function checkStrict(schema: JsonObject, label: string, param: string, code: string): void {
  walk(schema, [], (path, problem) => {
    const context = path.length === 0 ? '()' : `(${path.map((step) => `'${step}'`).join(', ')})`
    refuse(`Invalid schema for ${label}: In context=${context}, ${problem}.`, param, code)
  })
}

type Report = (path: readonly string[], problem: string) => never

function walk(schema: unknown, path: readonly string[], report: Report): void {
  if (!isObject(schema) || path.length > maxDepth) return
  const { properties } = schema
  if (schema.type === 'object' || isObject(properties)) {
    if (schema.additionalProperties !== false) {
      report(path, "'additionalProperties' is required to be supplied and to be false")
    }
    const names = Object.keys(isObject(properties) ? properties : {})
    const required: ReadonlySet<unknown> = new Set(Array.isArray(schema.required) ? schema.required : [])
    const open = names.find((name) => !required.has(name))
    if (open !== undefined) {
      report(
        path,
        `'required' is required to be supplied and to be an array including every key in properties. Missing '${open}'`,
      )
    }
  }
  for (const [name, one] of Object.entries(isObject(properties) ? properties : {})) {
    walk(one, [...path, 'properties', name], report)
  }
  if (schema.items) walk(schema.items, [...path, 'items'], report)
  for (const name of ['anyOf', 'allOf'] as const) {
    for (const [index, one] of objects(schema[name]).entries())
      walk(one, [...path, name, String(index)], report)
  }
  for (const name of ['$defs', 'definitions'] as const) {
    for (const [key, one] of Object.entries(isObject(schema[name]) ? schema[name] : {})) {
      walk(one, [...path, name, key], report)
    }
  }
}
