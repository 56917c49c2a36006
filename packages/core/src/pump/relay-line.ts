import { createFrameSplitter, type FrameSplitter } from '@gantry/wire'
import type { GatewayErrorData, GatewayEvent, Finish, Usage } from '../model/index.ts'
import type { Frame, StreamEncoder, Tap, TapResult } from '../contract/index.ts'
import type { StreamLine } from './line.ts'
import { createOwnWords, type OwnWords } from './own-words.ts'

/** Names under which hosts send events that say nothing but that they are alive. */
const pings: ReadonlySet<string> = new Set(['ping', 'keepalive', 'keep-alive', 'heartbeat'])

/**
 * Same protocol on both sides: bytes pass, a read-only tap watches. Only a frame that the tap hides is cut,
 * at its own boundary, and a frame that carries an upstream error, which the pump writes again in our words.
 */
export function createRelayLine(tap: Tap, encoder: () => StreamEncoder<GatewayEvent>): StreamLine {
  return new RelayLine(tap, encoder)
}

/** A class, because getters in a literal are a new shape with every stream, and slow to ask with every event. */
class RelayLine implements StreamLine {
  progress = 0
  readonly #tap: Tap
  readonly #splitter: FrameSplitter = createFrameSplitter()
  readonly #words: OwnWords
  #out: (string | Uint8Array)[] = []
  #seen: TapResult
  /** Frames have passed since that was asked: only the delivered bytes can be others. */
  #counted = true
  /** What became of a frame whose last byte is a CR: a LF may follow it. */
  #openCr: 'pass' | 'hide' | undefined

  constructor(tap: Tap, encoder: () => StreamEncoder<GatewayEvent>) {
    this.#tap = tap
    this.#seen = tap.result()
    this.#words = createOwnWords(encoder, (text) => void this.#out.push(text))
  }

  push(chunk: Uint8Array): void {
    this.#splitter.push(chunk, this.#segment)
  }

  end(): void {
    this.#splitter.end(this.#segment)
  }

  get committed(): boolean {
    return this.#seen.committed
  }
  get complete(): boolean {
    return this.#seen.complete
  }
  get finished(): boolean {
    return this.#seen.complete
  }
  get error(): GatewayErrorData | undefined {
    return this.#seen.error
  }
  get usage(): Usage | undefined {
    return this.#seen.usage
  }
  get finish(): Finish | undefined {
    return this.#seen.finish
  }
  get outputBytes(): number {
    if (!this.#counted) this.#ask()
    return this.#seen.outputBytes
  }

  open(): void {}

  take(): (string | Uint8Array)[] {
    const ready = this.#out
    this.#out = []
    return ready
  }

  fail(error: GatewayErrorData): void {
    this.#words.say({ type: 'error', error })
  }

  keepAlive(): void {
    this.#words.say({ type: 'keep-alive' })
  }

  stop(usage: Usage): void {
    const { id } = this.#seen
    // The encoder has seen nothing of this answer: what the client knows of it is told silently.
    this.#words.assume({ type: 'start', ...(id === undefined ? {} : { id }) })
    this.#words.say({ type: 'usage', usage })
    this.#words.say({ type: 'finish', finish: { reason: 'length' } })
    this.#words.say({ type: 'end' })
  }

  readonly #segment = (given: Uint8Array, frame: Frame | undefined): void => {
    if (this.#seen.error) return
    let bytes = given
    if (this.#openCr !== undefined && bytes[0] === 10) {
      // The line feed of the frame before came with this chunk; it goes where that frame went.
      if (this.#openCr === 'pass') this.#append(bytes.subarray(0, 1))
      bytes = bytes.subarray(1)
    }
    const verdict = frame ? this.#watch(frame) : 'pass'
    this.#openCr = given.at(-1) === 13 ? verdict : undefined
    if (verdict === 'pass' && bytes.length > 0) this.#append(bytes)
  }

  #watch(frame: Frame): 'pass' | 'hide' {
    if (frame.event === undefined || !pings.has(frame.event)) this.progress++
    this.#counted = false
    if (!this.#tap.wants(frame.data)) return 'pass'
    const verdict = this.#tap.frame(frame)
    this.#ask()
    return this.#seen.error ? 'hide' : verdict
  }

  #ask(): void {
    this.#seen = this.#tap.result()
    this.#counted = true
  }

  /** Neighbours in one buffer become one write, so that a chunk of many frames costs one. */
  #append(bytes: Uint8Array): void {
    const last = this.#out.at(-1)
    if (
      typeof last === 'object' &&
      last.buffer === bytes.buffer &&
      last.byteOffset + last.byteLength === bytes.byteOffset
    ) {
      const joined = new Uint8Array(bytes.buffer, last.byteOffset, last.byteLength + bytes.byteLength)
      this.#out[this.#out.length - 1] = joined
    } else this.#out.push(bytes)
  }
}
