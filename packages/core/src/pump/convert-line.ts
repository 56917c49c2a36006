import { createSseReader, encodeFrame } from '@gantry/wire'
import type { GatewayEvent } from '../model/index.ts'
import type { EventTransform, Frame, StreamDecoder, StreamEncoder } from '../contract/index.ts'
import { GatewayError } from '../error.ts'
import type { StreamLine } from './line.ts'
import { createPipe } from './event-pipe.ts'
import { upstreamError } from './fault.ts'
import { createWatch } from './watch.ts'

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
  const watch = createWatch()
  let out: string[] = []
  let held: GatewayEvent[] | undefined = []
  const write = (event: GatewayEvent): void => {
    try {
      options.encoder.push(event, (frame) => out.push(encodeFrame(frame)))
    } catch (cause) {
      if (GatewayError.is(cause)) throw cause
      throw new GatewayError({ class: 'internal', message: 'The answer could not be encoded.' }, { cause })
    }
  }
  const pipe = createPipe(options.stages, write)

  const emit = (event: GatewayEvent): void => {
    if (watch.error || watch.complete) return
    if (event.type === 'restart' && !restart()) return
    watch.see(event)
    // The pump writes errors itself, in words fit for a client.
    if (event.type === 'error') return
    const own = event.type === 'keep-alive' && !options.sameProtocol ? ping : event
    if (held) held.push(own)
    else pipe(own)
  }

  /** The upstream began again. Before the gate opens we forget; after it, only the same protocol can say so. */
  const restart = (): boolean => {
    if (held) {
      held = []
      return false
    }
    if (options.sameProtocol) return true
    watch.see({
      type: 'error',
      error: upstreamError('upstream_failed', 'The upstream began its answer again.', options.provider),
    })
    return false
  }

  const feed = (frame: Frame): void => {
    try {
      options.decoder.push(frame, emit)
    } catch (thrown) {
      throw asUpstream(thrown, options.provider)
    }
  }
  const reader = createSseReader(feed)

  return {
    emit,
    push(chunk) {
      reader.push(chunk)
    },
    end() {
      reader.end()
      if (watch.complete || watch.error) return
      try {
        options.decoder.end(emit)
      } catch (thrown) {
        throw asUpstream(thrown, options.provider)
      }
    },
    get committed() {
      return watch.committed
    },
    get complete() {
      return watch.complete
    },
    get finished() {
      return watch.finished
    },
    get error() {
      return watch.error
    },
    get usage() {
      return watch.usage
    },
    get finish() {
      return watch.finish
    },
    get outputBytes() {
      return watch.outputBytes
    },
    get progress() {
      return watch.progress
    },
    open() {
      const waiting = held ?? []
      held = undefined
      for (const event of waiting) pipe(event)
    },
    take() {
      if (out.length === 0) return out
      const ready = out.length === 1 ? out : [out.join('')]
      out = []
      return ready
    },
    fail(error) {
      write({ type: 'error', error })
    },
    keepAlive() {
      write({ type: 'keep-alive' })
    },
    stop(usage) {
      for (const part of watch.openParts) pipe({ type: 'part-end', ...part })
      pipe({ type: 'usage', usage })
      for (const choice of watch.openChoices) {
        pipe({ type: 'finish', finish: { reason: 'length' }, ...(choice === 0 ? {} : { choice }) })
      }
      pipe({ type: 'end' })
    },
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
