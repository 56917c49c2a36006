import type { JsonObject } from '@gantry/core'
import { absent, typeName } from './json.ts'
import { refuse } from './refusal.ts'

/** Refuses a name that OpenAI would not take. */
export function toolName(name: unknown, at: string): void {
  if (typeof name !== 'string') missing(at)
  if (/^[a-zA-Z0-9_-]+$/.test(name) && name.length <= 64) return
  tooLong(at, 64, name)
  refuse(
    `Invalid '${at}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
    at,
    'invalid_value',
  )
}

/** Refuses a field that is not there. */
export function missing(at: string): never {
  refuse(`Missing required parameter: '${at}'.`, at, 'missing_required_parameter')
}

/** Refuses a field of another type. */
export function wrongType(at: string, expected: string, got: unknown): never {
  const name = typeName(got)
  const article = /^[aeiou]/.test(name) ? 'an' : 'a'
  refuse(
    `Invalid type for '${at}': expected ${expected}, but got ${name === 'null' ? 'null' : `${article} ${name}`} instead.`,
    at,
    'invalid_type',
  )
}

/** Refuses a list with nothing in it. */
export function tooShort(at: string): never {
  refuse(
    `Invalid '${at}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    at,
    'empty_array',
  )
}

function bounds(name: string, what: string, expected: string, got: number, code: string): never {
  refuse(`Invalid '${name}': ${what}. Expected a value ${expected}, but got ${got} instead.`, name, code)
}

/** Refuses a number outside its range. */
export function range(body: JsonObject, name: string, from: number, to: number): void {
  const value = body[name]
  if (absent(value)) return
  if (typeof value !== 'number') wrongType(name, 'a decimal', value)
  if (value > to) bounds(name, 'decimal above maximum value', `<= ${to}`, value, 'decimal_above_max_value')
  if (value < from)
    bounds(name, 'decimal below minimum value', `>= ${from}`, value, 'decimal_below_min_value')
}

/** Refuses what is no integer, or one outside its range. */
export function integer(body: JsonObject, name: string, from: number, to: number | undefined): void {
  const value = body[name]
  if (absent(value)) return
  if (typeof value !== 'number' || !Number.isInteger(value)) wrongType(name, 'an integer', value)
  if (value < from)
    bounds(name, 'integer below minimum value', `>= ${from}`, value, 'integer_below_min_value')
  if (to !== undefined && value > to) {
    bounds(name, 'integer above maximum value', `<= ${to}`, value, 'integer_above_max_value')
  }
}

/** Refuses a value that is none of those there are. */
export function unsupported(at: string, got: unknown, known: readonly string[]): never {
  const names = known.map((name) => `'${name}'`)
  const list =
    names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')}, and ${names.at(-1) ?? ''}`
  refuse(`Invalid value: '${String(got)}'. Supported values are: ${list}.`, at, 'invalid_value')
}

/** Refuses a field that the API does not have. */
export function unknownField(at: string): never {
  refuse(`Unknown parameter: '${at}'.`, at, 'unknown_parameter')
}

/** Refuses a text over its limit. */
export function tooLong(at: string, most: number, got: string): void {
  if (got.length <= most) return
  refuse(
    `Invalid '${at}': string too long. Expected a string with maximum length ${most}, but got a string with length ${got.length} instead.`,
    at,
    'string_above_max_length',
  )
}
