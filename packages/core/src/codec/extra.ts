import type { Extra, Json, JsonObject } from '../model/index.ts'

/**
 * Own fields of a parsed object that a decoder does not model; undefined when there are none.
 * `null` is kept: the client wrote it. Keys such as `__proto__` stay data.
 */
export function collectExtra(object: JsonObject, knownKeys: ReadonlySet<string>): JsonObject | undefined {
  let rest: [string, Json][] | undefined
  for (const key of Object.keys(object)) {
    if (knownKeys.has(key)) continue
    const value = object[key]
    if (value !== undefined) (rest ??= []).push([key, value])
  }
  return rest && Object.fromEntries(rest)
}

/** Two notes on one node as one, key by key and protocol by protocol; the later one wins. */
export function mergeExtra(earlier: Extra | undefined, later: Extra | undefined): Extra | undefined {
  if (!earlier) return later
  if (!later) return earlier
  const merged = new Map(Object.entries(earlier))
  for (const [protocol, fields] of Object.entries(later)) {
    merged.set(protocol, { ...merged.get(protocol), ...fields })
  }
  return Object.fromEntries(merged)
}

/** Merges many notes into one in time linear in their size: a stream may bring one with every delta. */
export interface ExtraMerger {
  add(extra: Extra | undefined): void
  /** All notes so far; undefined when there were none. */
  value(): Extra | undefined
}

/** Starts an empty merger. */
export function extraMerger(): ExtraMerger {
  const protocols = new Map<string, Map<string, Json | undefined>>()
  return {
    add(extra) {
      if (!extra) return
      for (const [protocol, fields] of Object.entries(extra)) {
        let known = protocols.get(protocol)
        if (!known) protocols.set(protocol, (known = new Map()))
        for (const [key, value] of Object.entries(fields)) known.set(key, value)
      }
    },
    value() {
      if (protocols.size === 0) return undefined
      return Object.fromEntries(
        Array.from(protocols, ([protocol, fields]) => [protocol, Object.fromEntries(fields)]),
      )
    },
  }
}
