import type { JsonObject, TokenBucket, Usage } from '@gantry/core'
import type { Block } from '../json.ts'
import { protocolName } from '../name.ts'
import { readUsage } from '../usage.ts'

/**
 * Usage as this wire writes it: the upstream's own object where it says the same, else the model's counts. `input_tokens`
 * leaves cache reads and writes out, `output_tokens` contains thinking. Readers crash without numbers, so both are there.
 */
export function writeUsage(usage: Usage | undefined, own: boolean): JsonObject {
  if (!usage) return own ? zeros : counted({})
  const native = usage.native?.protocol === protocolName ? usage.native.value : undefined
  if (native && sameTokens(readUsage(native, { final: usage.final }).tokens, usage.tokens)) {
    return { ...zeros, ...native }
  }
  return { ...native, ...counted(usage.tokens, usage.units) }
}

const zeros: JsonObject = { input_tokens: 0, output_tokens: 0 }

function counted(tokens: Usage['tokens'], units?: Usage['units']): JsonObject {
  const of = (...buckets: readonly TokenBucket[]): number =>
    buckets.reduce((sum, bucket) => sum + (tokens[bucket] ?? 0), 0)
  const thinking = of('reasoning')
  const usage: Block = {
    input_tokens: of('input', 'input_audio', 'input_image', 'input_tool'),
    cache_creation_input_tokens: of('cache_write', 'cache_write_1h'),
    cache_read_input_tokens: of('cache_read'),
    cache_creation: {
      ephemeral_5m_input_tokens: of('cache_write'),
      ephemeral_1h_input_tokens: of('cache_write_1h'),
    },
    output_tokens: of('output', 'reasoning', 'output_audio', 'output_image'),
    server_tool_use: serverTools(units),
    service_tier: null,
    inference_geo: null,
  }
  if (thinking > 0) usage['output_tokens_details'] = { thinking_tokens: thinking }
  return usage
}

function serverTools(units: Usage['units']): JsonObject | null {
  const searches = units?.['web_search'] ?? 0
  const fetches = units?.['web_fetch'] ?? 0
  return searches + fetches === 0 ? null : { web_search_requests: searches, web_fetch_requests: fetches }
}

function sameTokens(left: Usage['tokens'], right: Usage['tokens']): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<TokenBucket>
  for (const key of keys) if ((left[key] ?? 0) !== (right[key] ?? 0)) return false
  return true
}
