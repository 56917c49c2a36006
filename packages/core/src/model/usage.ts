import type { Native } from './json.ts'

/** Kinds of tokens that may have a price of their own. */
export type TokenBucket =
  | 'input'
  | 'input_audio'
  | 'input_image'
  | 'input_tool'
  | 'cache_read'
  | 'cache_write'
  | 'cache_write_1h'
  | 'output'
  | 'output_audio'
  | 'output_image'
  | 'reasoning'

/** Buckets are disjoint: price = sum of bucket × price. A later report replaces an earlier one. */
export interface Usage {
  readonly tokens: { readonly [bucket in TokenBucket]?: number }

  /** Counted one by one: `web_search`, `web_fetch`, `image`. */
  readonly units?: { readonly [unit: string]: number }
  /** Service tier that served it, in the upstream's word (`standard`, `priority`, `batch`, `flex`); absent: not said. */
  readonly serviceTier?: string
  /** Other models used inside this response (advisor); not contained in `tokens`. */
  readonly nested?: readonly { readonly model: string; readonly tokens: Usage['tokens'] }[]
  readonly source: 'upstream' | 'observed' | 'estimated' | 'recovered' | 'none'

  /** No further report will follow. */
  readonly final: boolean

  /** Why the numbers cannot all be true; settlement then says so. */
  readonly suspect?: string
  readonly native?: Native
}
