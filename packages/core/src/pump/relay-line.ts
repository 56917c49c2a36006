import { createFrameSplitter } from '@gantry/wire'
import type { GatewayErrorData, GatewayEvent, Finish, Usage } from '../model/index.ts'
import type { Frame, StreamEncoder, Tap, TapResult } from '../contract/index.ts'
import type { StreamLine } from './line.ts'
import { createOwnWords } from './own-words.ts'

/** Names under which hosts send events that say nothing but that they are alive. */
const pings: ReadonlySet<string> = new Set(['ping', 'keepalive', 'keep-alive', 'heartbeat'])

/**
 * Same protocol on both sides: bytes pass, a read-only tap watches. Only a frame that the tap hides is cut,
 * at its own boundary, and a frame that carries an upstream error, which the pump writes again in our words.
 */
export function createRelayLine(tap: Tap, encoder: () => StreamEncoder<GatewayEvent>): StreamLine {
  const splitter = createFrameSplitter()
  let out: (string | Uint8Array)[] = []
  let seen: TapResult = tap.result()
  /** Frames have passed since that was asked: only the delivered bytes can be others. */
  let counted = true
  let progress = 0
  /** What became of a frame whose last byte is a CR: a LF may follow it. */
  let openCr: 'pass' | 'hide' | undefined
  const words = createOwnWords(encoder, (text) => void out.push(text))

  const segment = (given: Uint8Array, frame: Frame | undefined): void => {
    if (seen.error) return
    let bytes = given
    if (openCr !== undefined && bytes[0] === 10) {
      // The line feed of the frame before came with this chunk; it goes where that frame went.
      if (openCr === 'pass') append(bytes.subarray(0, 1))
      bytes = bytes.subarray(1)
    }
    const verdict = frame ? watch(frame) : 'pass'
    openCr = given.at(-1) === 13 ? verdict : undefined
    if (verdict === 'pass' && bytes.length > 0) append(bytes)
  }

  const watch = (frame: Frame): 'pass' | 'hide' => {
    if (frame.event === undefined || !pings.has(frame.event)) progress++
    counted = false
    if (!tap.wants(frame.data)) return 'pass'
    const verdict = tap.frame(frame)
    seen = tap.result()
    counted = true
    return seen.error ? 'hide' : verdict
  }

  /** Neighbours in one buffer become one write, so that a chunk of many frames costs one. */
  const append = (bytes: Uint8Array): void => {
    const last = out.at(-1)
    if (
      typeof last === 'object' &&
      last.buffer === bytes.buffer &&
      last.byteOffset + last.byteLength === bytes.byteOffset
    ) {
      out[out.length - 1] = new Uint8Array(bytes.buffer, last.byteOffset, last.byteLength + bytes.byteLength)
    } else out.push(bytes)
  }

  return {
    push(chunk) {
      splitter.push(chunk, segment)
    },
    end() {
      splitter.end(segment)
    },
    get committed() {
      return seen.committed
    },
    get complete() {
      return seen.complete
    },
    get finished() {
      return seen.complete
    },
    get error(): GatewayErrorData | undefined {
      return seen.error
    },
    get usage(): Usage | undefined {
      return seen.usage
    },
    get finish(): Finish | undefined {
      return seen.finish
    },
    get outputBytes() {
      if (!counted) seen = tap.result()
      counted = true
      return seen.outputBytes
    },
    get progress() {
      return progress
    },
    open() {},
    take() {
      const ready = out
      out = []
      return ready
    },
    fail: (error) => words.say({ type: 'error', error }),
    keepAlive: () => words.say({ type: 'keep-alive' }),
    stop(usage) {
      // The encoder has seen nothing of this answer: what the client knows of it is told silently.
      words.assume({ type: 'start', ...(seen.id === undefined ? {} : { id: seen.id }) })
      words.say({ type: 'usage', usage })
      words.say({ type: 'finish', finish: { reason: 'length' } })
      words.say({ type: 'end' })
    },
  }
}
