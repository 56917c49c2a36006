import type { Loss, Usage } from '../model/index.ts'
import type { Hooks, Operation, Outcome, PriceLine, Target } from '../contract/index.ts'

/** One thing that happened to a request. Times are milliseconds since it arrived. */
export type TraceEntry =
  | {
      readonly kind: 'hook'
      readonly at: number
      readonly moment: keyof Hooks
      readonly plugin: string
      /** How long it ran, waiting included. */
      readonly ms: number
      /** What it changed, in words; empty when nothing could be seen. */
      readonly changed: readonly string[]
      /** What it answered, threw or returned, where that decided something. */
      readonly result?: string
    }
  | {
      readonly kind: 'upstream-request'
      readonly at: number
      readonly target: Target
      readonly url: string
      /** Header values that are secrets are masked. */
      readonly headers: { readonly [name: string]: string }
      readonly body: string
      /** The client's own bytes with values spliced, or encoded anew. */
      readonly spliced: boolean
    }

/** Everything that happened to one request, told when it is over. Made only while somebody traces. */
export interface RequestTrace {
  readonly id: string
  readonly protocol: string
  readonly operation: Operation
  readonly model: string
  readonly client: { readonly method: string; readonly path: string; readonly body: string }
  readonly entries: readonly TraceEntry[]
  /** Targets as the route phase left them, with their reasons, and those it dropped. */
  readonly targets: readonly Target[]
  readonly dropped: readonly { readonly target: Target; readonly why: string }[]
  readonly attempts: readonly { readonly target: Target; readonly error?: string; readonly ms: number }[]
  readonly losses: readonly Loss[]
  readonly lines: readonly PriceLine[]
  readonly usage: Usage
  readonly outcome: Outcome
  readonly status: number
  readonly relayed?: boolean
  readonly firstOutputMs?: number
  readonly ms: number
}
