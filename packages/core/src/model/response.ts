import type { Extra } from './json.ts'
import type { Part } from './part.ts'
import type { Usage } from './usage.ts'
import type { GatewayErrorData } from './error.ts'

/** Why the answer ended, in one vocabulary. */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'tool_calls'
  | 'content_filter'
  | 'refusal'
  | 'pause'
  | 'compaction'
  | 'error'
  | 'other'

/** `raw` is the upstream's word; emitted again only where it still means `reason`. */
export interface Finish {
  readonly reason: FinishReason
  readonly raw?: string
  readonly stopSequence?: string
  readonly extra?: Extra
}

/** One complete answer; `parts` and `finish` are choice 0. */
export interface GenerateResponse {
  readonly id?: string
  readonly model?: string
  /** Unix seconds. */
  readonly createdAt?: number
  readonly parts: readonly Part[]

  /** Absent: not finished (queued, in progress). */
  readonly finish?: Finish

  /** Extra of choice 0. */
  readonly choiceExtra?: Extra
  readonly alternatives?: readonly Choice[]
  readonly usage?: Usage
  readonly error?: GatewayErrorData
  readonly extra?: Extra
}

/** One more choice of an answer with several. */
export interface Choice {
  readonly parts: readonly Part[]
  readonly finish?: Finish
  readonly extra?: Extra
}
