import type { GatewayErrorData } from '../model/error.ts'
import type { Awaitable, Target } from './codec.ts'
import type { ModelInfo } from './operation.ts'
import type { JsonObject } from '../model/json.ts'
import type { Context } from './context.ts'
import type { GenerateRequest } from '../model/request.ts'
import type { GatewayEvent } from '../model/event.ts'

/** Common to both kinds of provider. */
export interface ProviderBase<N extends string> {
  readonly name: N

  /** Whether closing the connection stops the provider's meter. */
  readonly cancelStopsBilling: boolean | 'unknown'

  /** Corrects what the protocol's `decodeError` made of it. */
  classify?(error: GatewayErrorData): GatewayErrorData
  models?(signal: AbortSignal): Awaitable<readonly ModelInfo[]>
}

/** Speaks protocols over HTTP. */
export interface HttpProvider<N extends string = string> extends ProviderBase<N> {
  /** Protocol names, best first. */
  readonly speaks: readonly [string, ...string[]]
  readonly quirks?: { readonly [protocol: string]: JsonObject }
  /** Base URL and credentials; core appends the codec's path. */
  endpoint(
    target: Target,
    context: Context,
  ): Awaitable<{ readonly url: string; readonly headers: { readonly [name: string]: string } }>

  /** How many credentials `endpoint` can choose from by `target.credential`; one by default. Core makes a target of each. */
  readonly credentials?: number

  /** Upstream timers that differ from the defaults. */
  readonly timeouts?: UpstreamTimeouts

  /** A request that was sent and timed out may be sent again. */
  readonly retryAfterSent?: boolean
}

/** Makes events itself: a bridge to an SDK. */
export interface DirectProvider<N extends string = string> extends ProviderBase<N> {
  generate(
    request: GenerateRequest,
    emit: (event: GatewayEvent) => void,
    signal: AbortSignal,
  ): Awaitable<void>
}

/** Where requests can be sent. */
export type Provider<N extends string = string> = HttpProvider<N> | DirectProvider<N>

/** Timers of one upstream, in milliseconds: connect 5 s, first byte of the body 300 s, idle between bytes 120 s, total 60 min. */
export interface UpstreamTimeouts {
  readonly connectMs?: number
  readonly firstByteMs?: number
  readonly idleMs?: number
  readonly totalMs?: number
}
