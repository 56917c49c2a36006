import { digest } from './hash.ts'
import type { Prompt, PromptUnit } from './prompt.ts'

/** Tokens of a prompt: all of them, and how many a prompt cache would have saved or taken in. */
export interface PromptUsage {
  readonly total: number
  /** What came out of the cache. */
  readonly cached: number
  /** What went into it, by lifetime; only where the client marked the end of a prefix. */
  readonly written: { readonly '5m': number; readonly '1h': number }
  /** Where the last marked prefix ends; 0 without one. */
  readonly marked: number
}

/** Counts prompts; what counts as cached depends on its mode. */
export type PromptCounter = (prompt: Prompt) => PromptUsage

const rememberedPrefixes = 10_000

/**
 * Counts prompts and their cached prefix.
 * `history`: everything before the last assistant turn was the previous prompt of this conversation, so it is cached;
 * the same request always gets the same numbers. `memory`: whatever this simulator has seen before. `off`: nothing.
 */
export function promptCounter(mode: 'history' | 'memory' | 'off'): PromptCounter {
  const seen = new Set<string>()
  return ({ units }) => {
    const total = sum(units)
    const prefix = mode === 'history' ? history(units) : mode === 'memory' ? remember(units, seen) : 0
    const last = units.findLastIndex((unit) => unit.breakpoint !== undefined)
    const marked = sum(units.slice(0, last + 1))
    const written = mode === 'off' ? 0 : Math.max(0, marked - prefix)
    const lifetime = units[last]?.breakpoint ?? '5m'
    return {
      total,
      cached: prefix,
      marked: mode === 'off' ? 0 : marked,
      written: { '5m': 0, '1h': 0, [lifetime]: written },
    }
  }
}

function history(units: readonly PromptUnit[]): number {
  const last = units.findLastIndex((unit) => unit.assistant)
  return last < 0 ? 0 : sum(units.slice(0, last))
}

function remember(units: readonly PromptUnit[], seen: Set<string>): number {
  let known = 0
  let hash = ''
  let tokens = 0
  for (const unit of units) {
    hash = digest(hash, unit.key)
    tokens += unit.tokens
    // Taken out and put back, so that what is used stays longest.
    if (seen.delete(hash)) known = tokens
    seen.add(hash)
  }
  while (seen.size > rememberedPrefixes) {
    const oldest = seen.values().next().value
    if (oldest === undefined) break
    seen.delete(oldest)
  }
  return known
}

function sum(units: readonly PromptUnit[]): number {
  return units.reduce((total, unit) => total + unit.tokens, 0)
}
