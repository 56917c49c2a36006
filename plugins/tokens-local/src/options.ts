import type { Schema } from '@gantry/core'
import { z } from 'zod'
import type { TokenRules } from './rules.ts'

/** Options of `tokensLocal`. */
export interface TokensLocalOptions {
  /** Bytes of text that are tokenised for one request at most; what is beyond is extrapolated. 2 MiB by default. */
  readonly maxBytes?: number
  /** Milliseconds for one request, waiting included; what is not counted by then is extrapolated. 2,000 by default. */
  readonly timeoutMs?: number
  /** Requests that wait for the worker at once; more are estimated by their bytes alone. 128 by default. */
  readonly queue?: number
  /** Bytes of the cache of counts; 0 for none. 4 MiB by default. */
  readonly cacheBytes?: number
  /** Milliseconds without work after which the worker ends. 60,000 by default. */
  readonly idleMs?: number
  /**
   * What to count differently, by a part of the model's name at its provider (`claude`, `qwen`); the longest part that
   * it contains decides. The rules that are not given stay as they are.
   */
  readonly families?: { readonly [part: string]: Partial<TokenRules> }
}

/** Options after defaults. */
export interface ResolvedOptions {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly queue: number
  readonly cacheBytes: number
  readonly idleMs: number
  readonly families: { readonly [part: string]: Partial<TokenRules> }
}

const amount = z.number().min(0).max(1_000_000).optional()

const rules = z.strictObject({
  factor: z.number().positive().max(100).optional(),
  base: amount,
  message: amount,
  system: amount,
  call: amount,
  tools: amount,
  forcedTools: amount,
  structure: z.number().min(0).max(100).optional(),
  serverTool: amount,
  outputSchema: amount,
  thinking: amount,
  page: amount,
  image: z.enum(['area', 'tiles', 'flat']).optional(),
})

const mib = 1024 * 1024
const schema = z
  .strictObject({
    maxBytes: z
      .number()
      .int()
      .min(1024)
      .max(64 * mib)
      .optional(),
    timeoutMs: z.number().int().min(1).max(9_000).optional(),
    queue: z.number().int().min(0).max(10_000).optional(),
    cacheBytes: z
      .number()
      .int()
      .min(0)
      .max(1024 * mib)
      .optional(),
    idleMs: z.number().int().min(0).max(86_400_000).optional(),
    families: z.record(z.string().min(1), rules).optional(),
  })
  .default({})
  .transform((options): ResolvedOptions => ({
    maxBytes: options.maxBytes ?? 2 * mib,
    timeoutMs: options.timeoutMs ?? 2000,
    queue: options.queue ?? 128,
    cacheBytes: options.cacheBytes ?? 4 * mib,
    idleMs: options.idleMs ?? 60_000,
    families: withoutGaps(options.families ?? {}),
  }))

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<TokensLocalOptions | undefined, ResolvedOptions> = schema

/** A rule that was given as undefined is one that was not given. */
function withoutGaps(families: {
  readonly [part: string]: { readonly [rule: string]: unknown }
}): ResolvedOptions['families'] {
  return Object.fromEntries(
    Object.entries(families).map(([part, given]) => [
      part,
      Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ]),
  )
}
