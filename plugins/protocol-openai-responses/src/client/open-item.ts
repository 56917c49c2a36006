import type { GatewayEvent, JsonObject, Part, PartDelta } from '@gantry/core'

/** Takes an event. */
export type Emit = (event: GatewayEvent) => void

/** An output item between its `added` and its `done`. */
export interface OpenItem {
  /** The item's type on the wire. */
  readonly type: string
  /** Handles one event about this item; false when it means nothing to it. */
  take(type: string, event: JsonObject, emit: Emit): boolean
  /**
   * Ends the item's parts. With the item as the upstream states it in the end, what deltas did not bring is added
   * before; without, what was streamed has to do. Gives the finished parts.
   */
  close(item: JsonObject | undefined, emit: Emit): readonly Part[]
}

/** What items need from the stream they are part of. */
export interface ItemScope {
  /** The next free part index. */
  next(): number
  /** Id of the response; known when the stream began with it. */
  readonly answer: string | undefined
  /** The item's number in the output. */
  readonly position: number
}

/** Emits a delta of a part. */
export function emitDelta(emit: Emit, index: number, delta: PartDelta): void {
  emit({ type: 'part-delta', index, delta })
}
