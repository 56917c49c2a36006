import type { CacheHint, Extra, Report } from '@gantry/core'
import { name as protocol, note, type Draft } from '../own.ts'
import { encodeCache } from '../cache.ts'
import type { ChatQuirks } from './quirks.ts'

/** A cache breakpoint: this protocol's own as it stood, another's in the field that the host knows, else a loss. */
export function encodeHint(cache: CacheHint | undefined, quirks: ChatQuirks, lost: () => void): Draft {
  if (!cache) return {}
  if (note(cache, '$field') !== undefined) return encodeCache(cache)
  if (quirks.cacheHints === 'cache_control') {
    return { cache_control: { type: 'ephemeral', ...(cache.ttl !== undefined && { ttl: cache.ttl }) } }
  }
  if (quirks.cacheHints === 'prompt_cache_breakpoint')
    return { prompt_cache_breakpoint: { mode: 'explicit' } }
  lost()
  return {}
}

/** Reports fields that other protocols' clients wrote and this wire has no place for. Nulls, notes and empties are no loss. */
export function reportForeign(extra: Extra | undefined, at: string, report: Report): void {
  if (!extra) return
  for (const [origin, fields] of Object.entries(extra)) {
    if (origin === protocol) continue
    for (const [key, value] of Object.entries(fields)) {
      if (key.startsWith('$') || value === undefined || value === null || isEmpty(value)) continue
      report({
        pointer: `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        what: `extra.${key}`,
        how: 'dropped',
        target: protocol,
      })
    }
  }
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
