import { createSseReader, encodeFrame, type SseReader } from '@gantry/wire'
import type { Finish, GatewayErrorData, GatewayEvent, Usage } from '../model/index.ts'
import type { EventTransform, OutputFrame, StreamDecoder, StreamEncoder } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { StreamLine } from './line.ts'
import { createPipe } from './event-pipe.ts'
import { upstreamError } from './fault.ts'
import { createWatch, type StreamWatch } from './watch.ts'

/** What a converter is made of. */
export interface ConvertOptions {
  readonly decoder: StreamDecoder<GatewayEvent>
  readonly stages: readonly EventTransform[]
  readonly encoder: StreamEncoder<GatewayEvent>
  readonly provider: string
  readonly sameProtocol: boolean
}

/** The source end of a converter, for providers that make events themselves. */
export interface EventSink {
  emit(event: GatewayEvent): void
}

/** A ping of another protocol is just a ping: its spelling means nothing to this client. */
const ping: GatewayEvent = { type: 'keep-alive' }

/** decoder, hooks, encoder as plain function calls; nothing is encoded before the gate opens. */
export function createConvertLine(options: ConvertOptions): StreamLine & EventSink {
  return new ConvertLine(options)
}

/** A class, because getters in a literal are a new shape with every stream, and slow to ask with every event. */
class ConvertLine implements StreamLine, EventSink {
  readonly #options: ConvertOptions
  readonly #watch: StreamWatch = createWatch()
  readonly #pipe: (event: GatewayEvent) => void
  readonly #reader: SseReader
  #out: string[] = []
  #held: GatewayEvent[] | undefined = []

  constructor(options: ConvertOptions) {
    this.#options = options
    this.#pipe = createPipe(options.stages, this.#write)
    this.#reader = createSseReader((frame) => this.#decoding(() => options.decoder.push(frame, this.emit)))
  }

  readonly emit = (event: GatewayEvent): void => {
    const watch = this.#watch
    if (watch.error || watch.complete) return
    if (event.type === 'restart' && !this.#restart()) return
    watch.see(event)
    // The pump writes errors itself, in words fit for a client.
    if (event.type === 'error') return
    const own = event.type === 'keep-alive' && !this.#options.sameProtocol ? ping : event
    if (this.#held) this.#held.push(own)
    else this.#pipe(own)
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  end(): void {
    this.#reader.end()
    if (this.#watch.complete || this.#watch.error) return
    this.#decoding(() => this.#options.decoder.end(this.emit))
  }

  get committed(): boolean {
    return this.#watch.committed
  }
  get complete(): boolean {
    return this.#watch.complete
  }
  get finished(): boolean {
    return this.#watch.finished
  }
  get error(): GatewayErrorData | undefined {
    return this.#watch.error
  }
  get usage(): Usage | undefined {
    return this.#watch.usage
  }
  get finish(): Finish | undefined {
    return this.#watch.finish
  }
  get outputBytes(): number {
    return this.#watch.outputBytes
  }
  get progress(): number {
    return this.#watch.progress
  }

  open(): void {
    const waiting = this.#held ?? []
    this.#held = undefined
    for (const event of waiting) this.#pipe(event)
  }

  take(): string[] {
    const ready = this.#out
    if (ready.length === 0) return ready
    this.#out = []
    return ready.length === 1 ? ready : [ready.join('')]
  }

  fail(error: GatewayErrorData): void {
    this.#write({ type: 'error', error })
  }

  keepAlive(): void {
    this.#write({ type: 'keep-alive' })
  }

  stop(usage: Usage): void {
    for (const part of this.#watch.openParts) this.#pipe({ type: 'part-end', ...part })
    this.#pipe({ type: 'usage', usage })
    for (const choice of this.#watch.openChoices) {
      this.#pipe({ type: 'finish', finish: { reason: 'length' }, ...(choice === 0 ? {} : { choice }) })
    }
    this.#pipe({ type: 'end' })
  }

  readonly #writeFrame = (frame: OutputFrame): void => void this.#out.push(encodeFrame(frame))

  readonly #write = (event: GatewayEvent): void => {
    try {
      this.#options.encoder.push(event, this.#writeFrame)
    } catch (cause) {
      if (GatewayError.is(cause)) throw cause
      throw new GatewayError({ class: 'internal', message: 'The answer could not be encoded.' }, { cause })
    }
  }

  /** The upstream began again. Before the gate opens we forget; after it, only the same protocol can say so. */
  #restart(): boolean {
    const { sameProtocol, provider } = this.#options
    if (this.#held) {
      this.#held = []
      return false
    }
    if (sameProtocol) return true
    const error = upstreamError('upstream_failed', 'The upstream began its answer again.', provider)
    this.#watch.see({ type: 'error', error })
    return false
  }

  #decoding(work: () => void): void {
    try {
      work()
    } catch (thrown) {
      throw asUpstream(thrown, this.#options.provider)
    }
  }
}

/** A decoder that throws has met bytes its protocol does not know; a plugin's own error stays what it is. */
function asUpstream(thrown: unknown, provider: string): unknown {
  if (GatewayError.is(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new GatewayError(
    {
      class: 'upstream_failed',
      source: 'upstream',
      provider,
      message: `The upstream sent something that is not its protocol: ${message}`,
    },
    { cause: thrown },
  )
}
