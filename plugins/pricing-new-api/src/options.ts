import type { Schema } from '@gantry/core'
import * as z from 'zod'

/** Options of `pricingNewApi`: one of `file` and `ratios`. */
export interface PricingNewApiOptions {
  /** A JSON file of the same shape as `ratios`; relative to the folder of the config. */
  readonly file?: string
  readonly ratios?: NewApiRatios
  /** What the ratios are in; `usd` by default, as in new-api. */
  readonly asset?: string
}

/** A table of new-api: model, group or tool to number. Also as the JSON text that new-api stores it as. */
export type NewApiTable = { readonly [name: string]: number | string } | string

/**
 * Ratios as new-api has them. A table may also go by the name of its setting (`ModelRatio`, `CompletionRatio` …), and
 * all of them may lie in `data`, as `/api/ratio_config` answers them.
 */
export interface NewApiRatios {
  /** 1 is 2 USD per million input tokens. */
  readonly model_ratio?: NewApiTable
  /** Output tokens, in input tokens. */
  readonly completion_ratio?: NewApiTable
  /** Tokens read from a cache, in input tokens; 1 by default. */
  readonly cache_ratio?: NewApiTable
  /** Tokens written to a cache for five minutes, in input tokens; 1.25 by default. For an hour it is 1.6 times that. */
  readonly create_cache_ratio?: NewApiTable
  /** Image tokens in, in input tokens; 1 by default. */
  readonly image_ratio?: NewApiTable
  /** Audio tokens in, in input tokens; 1 by default. */
  readonly audio_ratio?: NewApiTable
  /** Audio tokens out, in audio tokens in; 1 by default. */
  readonly audio_completion_ratio?: NewApiTable
  /** USD per request; such a model has no ratios. */
  readonly model_price?: NewApiTable
  /** USD per thousand calls: `web_search`, or `web_search:gpt-4o*` for models that begin so. */
  readonly tool_price?: NewApiTable
  /** Of the group a request is made in; 1 by default. */
  readonly group_ratio?: NewApiTable
  /** By the account's own group, then by the group a request is made in. */
  readonly group_group_ratio?: { readonly [userGroup: string]: NewApiTable } | string
  readonly [other: string]: unknown
}

/** Options with their defaults. */
export interface ParsedOptions {
  readonly file?: string | undefined
  readonly ratios?: NewApiRatios | undefined
  readonly asset: string
}

const schema = z
  .strictObject({
    file: z.string().min(1).optional(),
    ratios: z
      .custom<NewApiRatios>(isTable, 'must be an object of tables, like { model_ratio: { "gpt-5": 0.625 } }.')
      .optional(),
    asset: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be the lower-case name of an asset, like "usd".')
      .default('usd'),
  })
  .refine(
    ({ file, ratios }) => (file === undefined) !== (ratios === undefined),
    'needs one of file and ratios.',
  )

/** The schema of the options, its inference forgotten. */
export const optionsSchema: Schema<PricingNewApiOptions, ParsedOptions> = schema

/** Whether a value is an object with names. */
export function isTable(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
