import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'

/**
 * What a reader needs of a body. A Node stream is one; so is the lighter one below, without the stream's own queue and
 * ticks for every piece. Pieces come once somebody listens to `data`; `close` comes last, after `end` or `error`.
 */
export interface ByteBody {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  on(event: 'end' | 'close', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
  destroy(error?: Error): unknown
  readonly destroyed: boolean
  /** Whether `end` was told. */
  readonly readableEnded: boolean
  /** Bytes that wait for the reader. */
  readonly readableLength: number
}

/** Where the bytes of a body come from. */
export interface ByteSource {
  pause(): void
  resume(): void
  /** The body was destroyed: nobody wants more. */
  cancel(): void
}

/** A body with its writing end. */
export interface PushBody extends ByteBody {
  push(chunk: Uint8Array): void
  end(): void
}

/** Bytes a body holds for a reader that is behind, before its source is paused. */
const highWaterMark = 32 * 1024

/** A body that is pushed to. A piece goes to a reader that waits for it at once, in the call that brings it. */
export function createPushBody(source: ByteSource): PushBody {
  return new QueuedBody(source)
}

class QueuedBody extends EventEmitter implements PushBody {
  destroyed = false
  readableEnded = false
  readableLength = 0
  readonly #source: ByteSource
  readonly #waiting: Uint8Array[] = []
  /** Undefined until somebody listens, pauses or resumes. */
  #flowing: boolean | undefined
  #scheduled = false
  #sourcePaused = false
  #complete = false

  constructor(source: ByteSource) {
    super()
    this.#source = source
  }

  override on(event: string, listener: (...given: never[]) => void): this {
    super.on(event, listener as (...given: unknown[]) => void)
    if (event === 'data' && this.#flowing !== false) this.resume()
    return this
  }

  pause(): void {
    this.#flowing = false
  }

  resume(): void {
    this.#flowing = true
    const isIdle = !this.#complete && !this.#sourcePaused && this.#waiting.length === 0
    if (isIdle || this.#scheduled || this.destroyed || this.readableEnded) return
    // Later, so that who asks for more is not told of it in the middle of something else.
    this.#scheduled = true
    process.nextTick(() => this.#deliver())
  }

  destroy(error?: Error): void {
    if (this.destroyed || this.readableEnded) return
    this.destroyed = true
    this.#flowing = false
    this.#waiting.length = 0
    this.readableLength = 0
    this.#source.cancel()
    process.nextTick(() => {
      // One that comes before the reader listens must not end the process.
      if (error !== undefined && this.listenerCount('error') > 0) this.emit('error', error)
      this.emit('close')
    })
  }

  push(chunk: Uint8Array): void {
    if (this.destroyed) return
    if (this.#flowing === true && this.#waiting.length === 0) {
      this.emit('data', chunk)
      return
    }
    this.#waiting.push(chunk)
    this.readableLength += chunk.length
    if (this.readableLength < highWaterMark || this.#sourcePaused) return
    this.#sourcePaused = true
    this.#source.pause()
  }

  end(): void {
    if (this.destroyed) return
    this.#complete = true
    if (this.#flowing === true && this.#waiting.length === 0) this.#finish()
  }

  #deliver(): void {
    this.#scheduled = false
    while (this.#flowing === true && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift() as Uint8Array
      this.readableLength -= chunk.length
      this.emit('data', chunk)
    }
    if (this.#flowing !== true || this.destroyed) return
    if (this.#complete) this.#finish()
    else if (this.#sourcePaused) {
      this.#sourcePaused = false
      this.#source.resume()
    }
  }

  #finish(): void {
    if (this.readableEnded) return
    this.readableEnded = true
    this.emit('end')
    this.emit('close')
  }
}

/** The same bytes as a Node stream, for what works on streams only. */
export function streamOf(body: ByteBody): Readable {
  const stream = new Readable({
    read() {
      body.resume()
    },
    destroy(error, done) {
      body.destroy(error ?? undefined)
      done(error)
    },
  })
  body.on('data', (chunk) => {
    if (!stream.push(chunk)) body.pause()
  })
  body.on('end', () => stream.push(null))
  body.on('error', (error) => stream.destroy(error))
  return stream
}
