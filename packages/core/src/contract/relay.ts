import type { Frame, Target, WireRequest } from './codec.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { Usage } from '../model/usage.ts'
import type { Finish } from '../model/response.ts'
import type { GatewayErrorData } from '../model/error.ts'

/** Same protocol on both sides: bytes pass, values are spliced, usage is read. */
export interface Relay {
  /** Path under the provider's base URL (which holds the version) and the client headers that may pass. */
  path(wire: WireRequest, target: Target): string
  headers(wire: WireRequest): { readonly [name: string]: string }
  splices(wire: WireRequest, target: Target): readonly Splice[]

  /**
   * Whether the request may go to this target as the client wrote it; `false` has it encoded, because its host lacks
   * something that is in it and that can be lowered. Absent: always.
   */
  fits?(wire: WireRequest, target: Target): boolean
  tap(wire: WireRequest): Tap
}

/** Sets the value at a JSON pointer, or removes it when `value` is absent; no other byte changes. */
export interface Splice {
  readonly pointer: string
  readonly value?: Json
}

/** Read-only observer of a relayed response. */
export interface Tap {
  /** Substring test; only wanted frames are parsed. */
  wants(data: string): boolean

  /** `hide`: a frame the client did not ask for (our `include_usage`). */
  frame(frame: Frame): 'pass' | 'hide'
  body(json: JsonObject): void
  result(): TapResult
}

/** What the tap has seen so far. */
export interface TapResult {
  /** First output seen: the head may go out. */
  readonly committed: boolean

  /** The protocol's last frame was seen. */
  readonly complete: boolean
  readonly id?: string
  readonly usage?: Usage
  readonly finish?: Finish
  readonly error?: GatewayErrorData
  readonly outputBytes: number
}
