import type { JsonObject, Usage } from '@gantry/core'
import { encodeUsage } from '../usage.ts'
import { numberOf, objectOf } from '../own.ts'

/**
 * Usage with every count that readers insist on: one that is missing makes Codex read the whole stream as broken.
 * Null when nothing is known.
 */
export function writeUsage(usage: Usage): JsonObject | null {
  if (usage.source === 'none') return null
  const written = encodeUsage(usage)
  const input = numberOf(written['input_tokens']) ?? 0
  const output = numberOf(written['output_tokens']) ?? 0
  return {
    ...written,
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: 0,
      cache_write_tokens: 0,
      ...objectOf(written['input_tokens_details']),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0, ...objectOf(written['output_tokens_details']) },
    total_tokens: numberOf(written['total_tokens']) ?? input + output,
  }
}
