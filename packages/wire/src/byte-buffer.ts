/** Bytes that arrive in pieces and are wanted in one. */
export interface ByteBuffer {
  readonly length: number
  append(bytes: Uint8Array): void
  /** Everything so far, and empties the buffer. The result is the caller's. */
  take(): Uint8Array
}

const smallest = 1024

/**
 * Doubles its room, so that a million slices of one byte cost a million bytes and not a million objects.
 */
export function createByteBuffer(): ByteBuffer {
  let room: Uint8Array | undefined
  let length = 0
  return {
    get length() {
      return length
    },
    append(bytes) {
      const needed = length + bytes.length
      if (room === undefined || needed > room.length) {
        const grown = new Uint8Array(Math.max(smallest, needed, room === undefined ? 0 : room.length * 2))
        if (room !== undefined) grown.set(room.subarray(0, length))
        room = grown
      }
      room.set(bytes, length)
      length = needed
    },
    take() {
      const taken = room === undefined ? new Uint8Array(0) : room.subarray(0, length)
      room = undefined
      length = 0
      return taken
    },
  }
}
