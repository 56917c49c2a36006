import type { Extra, Json, Native } from './json.ts'
import type { Citation, Custody, Part } from './part.ts'
import type { Usage } from './usage.ts'
import type { Finish } from './response.ts'
import type { GatewayErrorData } from './error.ts'

/** What one delta adds to its part. */
export type PartDelta =
  | {
      readonly type: 'text'
      readonly text: string
      readonly logprobs?: readonly Json[]
      readonly extra?: Extra
    }
  | { readonly type: 'arguments'; readonly text: string; readonly extra?: Extra }
  | {
      readonly type: 'reasoning'
      readonly segment: number
      readonly kind: 'summary' | 'text'
      readonly text: string
      readonly extra?: Extra
    }
  | { readonly type: 'citation'; readonly citation: Citation }
  | { readonly type: 'custody'; readonly custody: Custody }
  /** A progress frame of this part (searching, interpreting); other protocols ignore it. */
  | { readonly type: 'native'; readonly native: Native }

/** The stream vocabulary. */
export type GatewayEvent =
  | {
      readonly type: 'start'
      readonly id?: string
      readonly model?: string
      readonly createdAt?: number

      /** Input side, where the protocol tells it first. */
      readonly usage?: Usage
      readonly extra?: Extra
    }
  | { readonly type: 'part-start'; readonly index: number; readonly part: Part; readonly choice?: number }
  | {
      readonly type: 'part-delta'
      readonly index: number
      readonly delta: PartDelta
      readonly choice?: number
    }
  /** `part` is the whole part where the upstream states it; it replaces what deltas built. */
  | { readonly type: 'part-end'; readonly index: number; readonly part?: Part; readonly choice?: number }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'finish'; readonly finish: Finish; readonly choice?: number; readonly extra?: Extra }
  | { readonly type: 'end'; readonly extra?: Extra }
  | { readonly type: 'error'; readonly error: GatewayErrorData }
  | { readonly type: 'restart' }
  | { readonly type: 'raw'; readonly protocol: string; readonly event?: string; readonly data: string }
  | { readonly type: 'keep-alive'; readonly raw?: string }
