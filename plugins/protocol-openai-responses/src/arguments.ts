import type { Json, JsonObject } from '@gantry/core'
import { parseJsonLossless, stringifyLossless } from '@gantry/core/codec'
import { stringOf } from './own.ts'

/** Where items of vendor-defined calls keep what is asked of the tool, in the order in which it is looked for. */
const fields: readonly string[] = ['code', 'arguments', 'input', 'action', 'operation', 'actions', 'queries']
/** Fields whose text is the arguments as it stands. */
const textual: ReadonlySet<string> = new Set(['code', 'arguments', 'input'])

/**
 * What a vendor-defined call asks, as text: code and arguments as they stand, an action or operation as JSON.
 * Empty when the item does not say (yet).
 */
export function argumentsOf(item: JsonObject): string {
  const field = fieldOf(item)
  if (field === undefined) return ''
  const value = item[field] ?? null
  if (textual.has(field) && typeof value === 'string') return value
  // An action that is still to come is written as an empty object or list.
  if (value === null || isHollow(value)) return ''
  return stringifyLossless(field === 'queries' ? { queries: value } : value)
}

/** The item with other arguments; the item itself when they are what it says. Text that does not fit stays out. */
export function withArguments(item: JsonObject, text: string): JsonObject {
  if (text === '' || argumentsOf(item) === text) return item
  const field = fieldOf(item)
  if (field === undefined) return item
  if (textual.has(field) && (typeof item[field] === 'string' || item[field] === null))
    return { ...item, [field]: text }
  let value: Json
  try {
    value = parseJsonLossless(text)
  } catch {
    // A hook wrote what the item has no form for: its own words stay.
    return item
  }
  if (field !== 'queries') return { ...item, [field]: value }
  const queries = (value as JsonObject | null)?.['queries']
  return queries === undefined ? item : { ...item, queries }
}

/** Id under which a call and its result find each other; items without one are found by their own id. */
export function callIdOf(item: JsonObject): string {
  return stringOf(item['call_id']) || (stringOf(item['id']) ?? '')
}

function fieldOf(item: JsonObject): string | undefined {
  return fields.find((field) => item[field] !== undefined)
}

function isHollow(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
