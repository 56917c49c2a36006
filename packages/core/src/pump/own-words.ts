import { encodeFrame } from '@gantry/wire'
import type { GatewayEvent } from '../model/index.ts'
import type { StreamEncoder } from '../contract/index.ts'
import type { StreamLine } from './line.ts'

/** What the gateway itself says in a stream it does not encode: keep-alives, an error, an end. */
export interface OwnWords {
  /** Writes one event in the client's protocol. */
  say(event: GatewayEvent): void
  /** Tells the encoder what the client has seen already, and writes nothing. */
  assume(event: GatewayEvent): void
}

/** Makes an encoder only when there is something to say. */
export function createOwnWords(
  encoder: () => StreamEncoder<GatewayEvent>,
  write: (text: string) => void,
): OwnWords {
  let own: StreamEncoder<GatewayEvent> | undefined
  return {
    say(event) {
      own ??= encoder()
      own.push(event, (frame) => write(encodeFrame(frame)))
    },
    assume(event) {
      own ??= encoder()
      own.push(event, () => {})
    },
  }
}

/** The line of a stream whose upstream has not answered yet: it can be kept alive and can fail, nothing else. */
export function createSilentLine(encoder: () => StreamEncoder<GatewayEvent>): StreamLine {
  let out: string[] = []
  const words = createOwnWords(encoder, (text) => void out.push(text))
  return {
    push() {},
    end() {},
    committed: false,
    complete: false,
    finished: false,
    error: undefined,
    usage: undefined,
    finish: undefined,
    outputBytes: 0,
    progress: 0,
    open() {},
    take() {
      const ready = out
      out = []
      return ready
    },
    fail: (error) => words.say({ type: 'error', error }),
    keepAlive: () => words.say({ type: 'keep-alive' }),
    stop() {},
  }
}
