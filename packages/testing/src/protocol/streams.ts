import { createSseReader } from '@gantry/wire'
import type { ClientCodec, ClientContext, Frame, GatewayEvent } from '@gantry/core'
import type { Random } from '../random.ts'

/** Makes frames of bytes in any slices. */
export type FrameReader = (onFrame: (frame: Frame) => void) => { push(chunk: Uint8Array): void; end(): void }

/** The reader of `@gantry/wire`. */
export const sseFrames: FrameReader = (onFrame) => createSseReader(onFrame)

/** Frames of a stream cut at these offsets. */
export function readFrames(
  reader: FrameReader,
  bytes: Uint8Array,
  cuts: Iterable<number> = [],
): readonly Frame[] {
  const frames: Frame[] = []
  const push = reader((frame) => frames.push(frame))
  let from = 0
  for (const cut of cuts) {
    push.push(bytes.subarray(from, cut))
    from = cut
  }
  push.push(bytes.subarray(from))
  push.end()
  return frames
}

/** Events of frames, the end of the stream included. */
export function decodeFrames(
  codec: ClientCodec<'generate'>,
  frames: readonly Frame[],
  context: ClientContext,
): readonly GatewayEvent[] {
  const decoder = codec.streamDecoder?.(context)
  if (!decoder) throw new Error('The protocol has no stream decoder.')
  const events: GatewayEvent[] = []
  for (const frame of frames) decoder.push(frame, (event) => events.push(event))
  decoder.end((event) => events.push(event))
  return events
}

/** Offsets of random cuts, in order: from a few large slices to many small ones. */
export function randomCuts(length: number, random: Random): readonly number[] {
  const count = random.integer(1, Math.min(length, 1 << random.integer(1, 8)))
  return Array.from({ length: count }, () => random.integer(0, length)).toSorted(
    (left, right) => left - right,
  )
}

/** Every offset. */
export function* everyByte(length: number): Generator<number> {
  for (let at = 1; at < length; at++) yield at
}

/** Makes a value and all it holds unchangeable, so that a codec which writes into its input throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return value
  Object.freeze(value)
  for (const item of Object.values(value)) deepFreeze(item)
  return value
}
