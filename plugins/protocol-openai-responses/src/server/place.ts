import type { JsonObject, Loss, Native, Part, PartDelta } from '@gantry/core'

/** Where an output item stands, and how its frames go out. */
export interface Place {
  readonly outputIndex: number
  readonly id: string
  /** Whether the answer comes from an upstream of this wire. */
  readonly own: boolean
  /** Writes a frame about this item: `type`, its fields, and where the item stands. */
  frame(type: string, fields: JsonObject): void
  /** Writes `response.output_item.added` or `.done`. */
  item(type: 'added' | 'done', item: JsonObject): void
  /** Passes a frame that an upstream of this wire sent about the item; one of another wire means nothing here. */
  native(native: Native): void
  /** Tells of something that this wire cannot carry; once a kind and part. */
  lost(index: number, what: string, how?: Loss['how'], note?: string): void
}

/** One output item while its parts come. Its `added` frame is out when it exists, its `done` frame after `close`. */
export interface OpenItem {
  readonly place: Place
  delta(index: number, delta: PartDelta): void
  end(index: number, part: Part | undefined): void
  /** Whether all of its parts have ended. */
  readonly ended: boolean
  /** Writes what is still to come; `incomplete`: the answer was cut inside this item. The item as it is in `output`. */
  close(incomplete: boolean): JsonObject
  /** The item as far as it came, for an answer that failed. */
  soFar(): JsonObject
}
