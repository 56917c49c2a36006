import type { CacheHint, JsonObject } from '@gantry/core'
import { note, objectOf, ownFields, restOf, stringOf } from './own.ts'

const keys: ReadonlySet<string> = new Set(['mode', 'ttl'])

/** The cache breakpoint of a content part. */
export function cacheOf(node: JsonObject): { readonly cache?: CacheHint } {
  const value = objectOf(node['prompt_cache_breakpoint'])
  if (!value) return {}
  const mode = stringOf(value['mode'])
  const ttl = stringOf(value['ttl'])
  return {
    cache: {
      ...(mode !== undefined && { mode }),
      ...(ttl !== undefined && { ttl }),
      ...restOf(value, keys, { $field: 'prompt_cache_breakpoint' }),
    },
  }
}

/** The inverse, for a breakpoint of this wire; those of other protocols have no field here. */
export function writeCache(cache: CacheHint | undefined): JsonObject {
  if (!cache || !isOwnHint(cache)) return {}
  return {
    prompt_cache_breakpoint: {
      ...ownFields(cache),
      ...(cache.mode !== undefined && { mode: cache.mode }),
      ...(cache.ttl !== undefined && { ttl: cache.ttl }),
    },
  }
}

/** Whether a breakpoint was written by a client of this wire. */
export function isOwnHint(cache: CacheHint): boolean {
  return note(cache, '$field') !== undefined
}
