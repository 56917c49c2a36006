import type { RequestRecord } from './record.ts'

/** One request in one readable line: key, group, model → target, time to first output, tokens, cost, outcome. */
export function lineOf(record: RequestRecord): string {
  const who = record.key ? (record.key.name ?? record.key.id) : '-'
  const parts = [who, record.group ?? '-', routeOf(record), timeOf(record), tokensOf(record)]
  if (record.cost !== undefined) parts.push(record.cost)
  parts.push(outcomeOf(record))
  return plain(parts.filter((part) => part !== '').join('  '))
}

// ---

function routeOf(record: RequestRecord): string {
  const model = record.model === '' ? record.operation : record.model
  if (record.target === undefined) return model
  const tries = record.attempts.length > 1 ? ` (attempt ${record.attempts.length})` : ''
  return `${model} → ${record.target}${tries}`
}

function timeOf(record: RequestRecord): string {
  const total = `${Math.round(record.ms)} ms`
  return record.firstOutputMs === undefined
    ? total
    : `first ${Math.round(record.firstOutputMs)} ms, all ${total}`
}

function tokensOf({ tokens, usageSource }: RequestRecord): string {
  const sum = (...buckets: (keyof typeof tokens)[]): number =>
    buckets.reduce((total, bucket) => total + (tokens[bucket] ?? 0), 0)
  const cached = sum('cache_read')
  const written = sum('cache_write', 'cache_write_1h')
  const input = sum('input', 'input_audio', 'input_image', 'input_tool') + cached + written
  const reasoning = sum('reasoning')
  const output = sum('output', 'output_audio', 'output_image') + reasoning
  if (input + output === 0) return ''
  const guessed = usageSource === 'upstream' ? '' : `, ${usageSource}`
  return `in ${input}${cached > 0 ? ` (${cached} cached)` : ''}, out ${output}${reasoning > 0 ? ` (${reasoning} reasoning)` : ''}${guessed}`
}

function outcomeOf(record: RequestRecord): string {
  const { error, losses } = record
  const why = error
    ? `: ${error.class}${error.code !== undefined && error.code !== error.class ? ` ${error.code}` : ''}`
    : ''
  return `${record.status} ${record.outcome}${why}${losses > 0 ? `, ${losses} lost in conversion` : ''}`
}

/** A name with a line break or an escape sequence must not draw a line of its own. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·')
}
