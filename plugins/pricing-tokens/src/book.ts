import type { ConfigProblem, ResolvedConfig } from '@gantry/core'
import { parsePrice, type PriceEntry } from './parse.ts'

/** Parses every model's price once; wrong ones were reported by `checkPrices` and count as unpriced. */
export function readBook(config: ResolvedConfig): ReadonlyMap<string, PriceEntry> {
  const book = new Map<string, PriceEntry>()
  for (const [model, entry] of Object.entries(config.models)) {
    let wrong = false
    const price = parsePrice(entry.price, () => (wrong = true))
    book.set(model, wrong ? 'unpriced' : price)
  }
  return book
}

/** Problems in `models.*.price`, each with its dotted path. */
export function checkPrices(config: ResolvedConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [model, entry] of Object.entries(config.models ?? {})) {
    const path = `models.${model}.price`
    let wrong = false
    const price = parsePrice(entry?.price, (field, message) => {
      wrong = true
      problems.push({
        code: 'INVALID_PRICE',
        severity: 'error',
        path: field ? `${path}.${field}` : path,
        message,
        fix: 'Token prices are per million tokens, like { input: "1.25", output: "10" }.',
      })
    })
    if (wrong || price === 'free') continue
    if (price === 'unpriced') {
      if (typeof entry?.price === 'object') {
        problems.push({
          code: 'INVALID_PRICE',
          severity: 'error',
          path,
          message: 'names no price at all.',
          fix: 'Name a price, or say "free".',
        })
      }
    } else if (
      price.call === undefined &&
      !(price.buckets.input !== undefined && price.buckets.output !== undefined)
    ) {
      const missing = price.buckets.input === undefined ? 'input' : 'output'
      problems.push({
        code: 'INCOMPLETE_PRICE',
        severity: 'warning',
        path: `${path}.${missing}`,
        message: `is missing, so requests that use ${missing} tokens are refused where they are billed.`,
        fix: `Set it, or "0" if ${missing} tokens are free.`,
      })
    }
  }
  return problems
}
