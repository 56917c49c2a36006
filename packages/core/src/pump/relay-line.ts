import { createFrameSplitter, encodeFrame } from '@gantry/wire'
import type { Finish, GatewayErrorData, GatewayEvent, Usage } from '../model/index.ts'
import type { StreamEncoder, Tap, TapResult } from '../contract/index.ts'
import type { StreamLine } from './line.ts'

/**
 * Same protocol on both sides: bytes pass, a read-only tap watches. Only a frame that the tap hides is cut,
 * at its own boundary, and a frame that carries an upstream error, which the pump writes again in our words.
 */
export function createRelayLine(tap: Tap, encoder: () => StreamEncoder<GatewayEvent>): StreamLine {
  const splitter = createFrameSplitter()
  let out: (string | Uint8Array)[] = []
  let seen: TapResult = tap.result()
  let progress = 0
  let own: StreamEncoder<GatewayEvent> | undefined

  const segment = (bytes: Uint8Array, frame: { data: string; event?: string } | undefined): void => {
    if (seen.error) return
    if (frame) {
      progress++
      if (tap.wants(frame.data)) {
        const verdict = tap.frame(frame)
        seen = tap.result()
        if (verdict === 'hide' || seen.error) return
      }
    }
    append(bytes)
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

  const encode = (event: GatewayEvent, write: boolean): void => {
    own ??= encoder()
    own.push(event, (frame) => {
      if (write) out.push(encodeFrame(frame))
    })
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
      return tap.result().outputBytes
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
    fail(error) {
      encode({ type: 'error', error }, true)
    },
    keepAlive() {
      encode({ type: 'keep-alive' }, true)
    },
    stop(usage) {
      // The relay has no open encoder: tell a fresh one silently that the answer began, then end it.
      encode({ type: 'start', ...(seen.id === undefined ? {} : { id: seen.id }) }, false)
      encode({ type: 'usage', usage }, true)
      encode({ type: 'finish', finish: { reason: 'length' } }, true)
      encode({ type: 'end' }, true)
    },
  }
}
