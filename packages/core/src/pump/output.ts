import { Readable } from 'node:stream'

/** What the client reads, with the two signals the pump needs from it. */
export interface Output {
  readonly stream: Readable
  /** Bytes the reader has not taken yet. */
  readonly waiting: number
  /** Writes; `false` asks the pump to pause its source until `onRead`. */
  write(data: string | Uint8Array): boolean
  /** The last byte has been written. */
  finish(): void
  /** Cuts the connection: for an answer that can be ended in no other way that is not taken for whole. */
  cut(cause: Error): void
}

/** Bytes waiting for a slow reader before its upstream is paused. */
const highWaterMark = 64 * 1024

/**
 * A Node stream that is pushed to. Not a web stream: one with a loop in `start()` buffered 400 MB for slow readers.
 * `onGone` is called once if the reader leaves before `finish`.
 */
export function createOutput(onRead: () => void, onGone: () => void): Output {
  return new PushedOutput(onRead, onGone)
}

class PushedOutput implements Output {
  readonly stream: Readable
  #finished = false

  constructor(onRead: () => void, onGone: () => void) {
    this.stream = new Readable({
      highWaterMark,
      read: onRead,
      destroy: (error, callback) => {
        if (!this.#finished) {
          this.#finished = true
          onGone()
        }
        callback(error)
      },
    })
    // A reader that leaves is not an error of ours; without a listener Node would throw.
    this.stream.on('error', () => {})
  }

  get waiting(): number {
    return this.stream.readableLength
  }

  write(data: string | Uint8Array): boolean {
    return this.#finished || this.stream.push(data)
  }

  finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.stream.push(null)
  }

  cut(cause: Error): void {
    this.#finished = true
    this.stream.destroy(cause)
  }
}
