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
  return new GrowingBuffer()
}

class GrowingBuffer implements ByteBuffer {
  length = 0
  #room: Uint8Array | undefined

  append(bytes: Uint8Array): void {
    const needed = this.length + bytes.length
    const room = this.#room
    if (room === undefined || needed > room.length) {
      this.#room = new Uint8Array(Math.max(smallest, needed, room === undefined ? 0 : room.length * 2))
      if (room !== undefined) this.#room.set(room.subarray(0, this.length))
    }
    this.#room?.set(bytes, this.length)
    this.length = needed
  }

  take(): Uint8Array {
    const taken = this.#room?.subarray(0, this.length) ?? new Uint8Array(0)
    this.#room = undefined
    this.length = 0
    return taken
  }
}
