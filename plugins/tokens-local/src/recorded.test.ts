import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { createJobCounter } from './count-job.ts'
import { totalOf, withinBytes } from './estimate.ts'
import { recordedCounts, type RecordedCount } from './recorded.test-support.ts'
import { createRules } from './rules.ts'
import { weigh } from './weigh.ts'

const count = createJobCounter({
  cacheBytes: 0,
  tokenise: (text) => countTokens(text, { disallowedSpecial: new Set() }),
  isStopped: () => false,
  now: () => 0,
})
const rulesOf = createRules({})

/** How far off the estimate is, as a share of what the vendor said. */
function errorOf({ request, model, tokens }: RecordedCount): number {
  const weighed = weigh(request, rulesOf(model))
  const pieces = withinBytes(weighed.pieces, Number.MAX_SAFE_INTEGER)
  return (totalOf(weighed, count({ pieces, budgetMs: 1 })) - tokens) / tokens
}

const recorded = recordedCounts()

describe('what vendors counted', () => {
  const counts = recorded.filter(({ isCount }) => isCount)

  it('is recorded for both that count', () => {
    expect(counts.filter(({ name }) => name.startsWith('anthropic/')).length).toBeGreaterThanOrEqual(7)
    expect(counts.filter(({ name }) => name.startsWith('responses/')).length).toBeGreaterThanOrEqual(3)
  })

  it.each(counts)('is estimated within 15 %: $name ($tokens)', (one) => {
    expect(Math.abs(errorOf(one))).toBeLessThanOrEqual(0.15)
  })
})

describe('what vendors charged for', () => {
  const charged = recorded.filter(({ isCount }) => !isCount)
  const ours = (provider: string): boolean =>
    ['anthropic', 'openai', 'openrouter', 'deepseek'].includes(provider)

  /** Errors of a kind, smallest first. */
  const errors = (kind: RecordedCount['kind']): readonly number[] =>
    charged
      .filter((one) => one.kind === kind && ours(one.provider))
      .map((one) => Math.abs(errorOf(one)))
      .toSorted((a, b) => a - b)

  it('is near the estimate where the request says it all', () => {
    const found = errors('text')
    const within = (share: number): number => found.filter((one) => one <= share).length / found.length
    expect(found.length).toBeGreaterThan(150)
    expect(found[Math.floor(found.length / 2)]).toBeLessThan(0.05)
    expect(within(0.15)).toBeGreaterThan(0.85)
  })

  it.each(['text', 'media', 'kept by the vendor', 'tools of the vendor'] as const)('is told: %s', (kind) => {
    const found = errors(kind)
    const at = (share: number): string => {
      const one = found[Math.min(found.length - 1, Math.floor(found.length * share))]!
      return `${Math.round(one * 100)} %`
    }
    expect(found.length).toBeGreaterThan(5)
    process.stdout.write(
      `${kind}: ${found.length} requests, off by ${at(0.5)} (median), ${at(0.9)} (nine of ten), ${at(1)} (worst)\n`,
    )
  })
})
