import * as fc from 'fast-check'
import type { Json, JsonObject } from '@gantry/core'

/** Values that stand where something else should. */
const wrong: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    null,
    true,
    0,
    -1,
    1.5,
    1e21,
    '',
    'x',
    '{"a":',
    'data:image/png;base64,',
    'http://[',
    '__proto__',
    '\ud800',
    [],
    {},
    [null],
    [[]],
    [''],
    [{}],
    { type: 'text' },
    { type: 'tool_use' },
    { type: 'nothing_known' },
    { type: null },
  ),
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
)

/** One change to a body: which of its values (counted), what is done there, and with what. */
export interface Mutation {
  readonly place: number
  readonly act: 'replace' | 'remove' | 'twice' | 'wrap'
  readonly value: Json
}

/** Changes to make, one after the other. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    place: fc.nat(),
    act: fc.constantFrom<Mutation['act'][]>('replace', 'replace', 'replace', 'remove', 'twice', 'wrap'),
    value: wrong,
  }),
  { minLength: 1, maxLength: 3 },
)

/** The body with these changes; always an object. */
export function mutated(body: JsonObject, changes: readonly Mutation[]): JsonObject {
  return changes.reduce<JsonObject>((before, change) => {
    const counter = { left: change.place % Math.max(1, count(before)) }
    const after = changed(before, change, counter, true)
    return typeof after === 'object' && after !== null && !Array.isArray(after)
      ? (after as JsonObject)
      : before
  }, body)
}

/** How many values there are below this one. */
function count(value: Json | undefined): number {
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value as JsonObject).reduce<number>((sum, inner) => sum + 1 + count(inner), 0)
}

function changed(value: Json, change: Mutation, counter: { left: number }, isTop: boolean): Json {
  if (!isTop && counter.left-- === 0) return change.act === 'wrap' ? [value] : change.value
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as JsonObject).flatMap(([key, inner = null]): [string, Json][] => {
    const isHere = counter.left === 0
    const after = changed(inner, change, counter, false)
    if (isHere && change.act === 'remove') return []
    if (isHere && change.act === 'twice')
      return [
        [key, inner],
        [`${key}2`, inner],
      ]
    return [[key, after]]
  })
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}
