import type { CacheHint, JsonObject } from '@gantry/core'
import { isObject } from '@gantry/core/codec'
import { note, ownFields, restOf, stringOf, type Draft } from './own.ts'

/** A cache hint as the field it came from; hints of other protocols have no field here. */
export function encodeCache(cache: CacheHint | undefined): Draft {
  const field = cache && note(cache, '$field')
  if (!cache || typeof field !== 'string') return {}
  const value: Draft = { ...ownFields(cache) }
  if (cache.mode !== undefined) value[field === 'cache_control' ? 'type' : 'mode'] = cache.mode
  if (cache.ttl !== undefined) value['ttl'] = cache.ttl
  return { [field]: value }
}

/** The cache breakpoint of a node: `cache_control` (OpenRouter) or `prompt_cache_breakpoint` (OpenAI). */
export function cacheOf(node: JsonObject): { readonly cache?: CacheHint } {
  for (const field of cacheFields) {
    const value = node[field]
    if (!isObject(value)) continue
    const mode = stringOf(value[field === 'cache_control' ? 'type' : 'mode'])
    const ttl = stringOf(value['ttl'])
    return {
      cache: {
        ...(mode !== undefined && { mode }),
        ...(ttl !== undefined && { ttl }),
        ...restOf(value, field === 'cache_control' ? controlKeys : breakpointKeys, { $field: field }),
      },
    }
  }
  return {}
}

/** Names of the fields a cache breakpoint may stand in. */
export const cacheFields: readonly string[] = ['cache_control', 'prompt_cache_breakpoint']

const controlKeys: ReadonlySet<string> = new Set(['type', 'ttl'])
const breakpointKeys: ReadonlySet<string> = new Set(['mode', 'ttl'])
