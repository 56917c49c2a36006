import type { Operation, Operations } from './operation.ts'
import type { Report, Target, WireRequest } from './codec.ts'
import type { GenerateRequest } from '../model/request.ts'
import type { GatewayErrorData } from '../model/error.ts'
import type { Usage } from '../model/usage.ts'
import type { Finish } from '../model/response.ts'
import type { Loss } from '../model/loss.ts'
import type { PriceLine } from './pricing.ts'

declare const valueOf: unique symbol

/** Any key, its type forgotten. */
export interface KeyRef {
  readonly id: symbol
  readonly name: string
}

/** Typed per-request value, exported by the plugin that owns it. */
export interface Key<T> extends KeyRef {
  readonly [valueOf]?: (value: T) => T
}

/** One request, as every hook sees it. */
export interface Context {
  readonly id: string
  readonly signal: AbortSignal
  readonly protocol: string
  readonly operation: Operation
  readonly wire: WireRequest
  readonly receivedAt: Date

  /** Whose request it is by address: the socket's, or behind `server.trustedProxies` the nearest that is none of them. */
  readonly remoteAddress?: string

  /** Throws a coded error when nobody wrote it. */
  get<T>(key: Key<T>): T
  peek<T>(key: Key<T>): T | undefined
  set<T>(key: Key<T>, value: T): void
  /** A child request under this one's identity, hold and log: fan-out, split batches, emulated compaction, tools. */
  subrequest<O extends Operation>(
    operation: O,
    request: Operations[O]['request'],
  ): Promise<Operations[O]['response']>
}

/** `model` comes from body or path; the first hook that calls `decode` pays for it, once. */
export interface RouteContext extends Context {
  readonly model: string
  decode(): Operations[Operation]['request']
  readonly targets: Target[]
  drop(target: Target, why: string): void
}

/** After routing, before money is held. */
export interface ReserveContext extends Context {
  readonly model: string
  decode(): Operations[Operation]['request']
  readonly targets: readonly Target[]

  /** Computed once, on first use. */
  bound(): RequestBound
}

/** How large a request can get. Input is an estimate by bytes, never a tokeniser's count. */
export interface RequestBound {
  readonly inputTokens: number

  /** What the client allows, times the number of choices; absent when it names no limit. */
  readonly maxOutputTokens?: number

  /** Answers asked for at once; one when absent. `maxOutputTokens` counts them already. */
  readonly choices?: number
  readonly stream: boolean
}

/** One attempt at one target. */
export interface AttemptContext extends Context {
  readonly target: Target
  readonly attempt: number
  readonly request: GenerateRequest
  readonly report: Report

  /** From here on this attempt is encoded and not spliced. */
  replace(request: GenerateRequest): void
}

/** How one attempt ended. */
export interface AttemptOutcome {
  readonly error?: GatewayErrorData

  /** Whether the request may have reached the upstream; `false` only when it certainly has not. */
  readonly sent?: boolean
  readonly committed: boolean
  readonly firstOutputMs?: number
  readonly ms: number
  readonly usage?: Usage
}

/** How a request ended, for money. */
export type Outcome = 'completed' | 'refused' | 'failed' | 'aborted' | 'cut' | 'recovered'

/** A request that is over. */
export interface SettleContext extends Context {
  /** The public model name that was asked for; empty when the request was refused before it was known. */
  readonly model: string
  readonly stream: boolean

  /** HTTP status the client got; 499 when it left before one was sent. */
  readonly status: number

  /** Whether bytes passed unchanged or went through the event model; absent when no upstream answered. */
  readonly relayed?: boolean

  /** The client's own request id, for the log only. */
  readonly clientRequestId?: string
  readonly outcome: Outcome
  readonly target?: Target
  readonly usage: Usage
  readonly finish?: Finish
  readonly error?: GatewayErrorData
  readonly attempts: readonly {
    readonly target: Target
    readonly error?: GatewayErrorData
    readonly ms: number
  }[]
  readonly losses: readonly Loss[]
  readonly lines: readonly PriceLine[]
  readonly ms: number
  readonly firstOutputMs?: number
}
