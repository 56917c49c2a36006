import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../error.ts'
import type { ShellLimits } from './limits.ts'

/** Reads a body to its end, piece by piece. `take` may throw, which ends the reading with that error. */
export type BodySource = (take: (chunk: Uint8Array) => void) => Promise<void>

type RateLimits = Pick<ShellLimits, 'bodyGraceMs' | 'bodyBytesPerSecond'>

/** A body that comes over a socket. Rejects with `cancelled` when the client is gone before its end. */
export function nodeSource(request: IncomingMessage, limits: RateLimits): BodySource {
  return (take) =>
    new Promise((resolve, reject) => {
      if (request.destroyed || request.readableEnded) {
        if (request.readableEnded && request.complete) resolve()
        else reject(clientGone())
        return
      }
      // Small bodies have come with their head: nothing to wait for, nothing to time.
      const watch = request.complete ? unwatched : watchRate(limits, () => done(tooSlow()))
      const onData = (chunk: Uint8Array): void => {
        watch.received(chunk.length)
        try {
          take(chunk)
        } catch (error) {
          done(error)
        }
      }
      const onEnd = (): void => done(request.complete ? undefined : clientGone())
      const onGone = (): void => done(clientGone())
      function done(error: unknown): void {
        watch.stop()
        request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
        if (error === undefined) {
          resolve()
          return
        }
        request.pause()
        reject(error)
      }
      request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
    })
}

/** The body of a web request that came without a socket. */
export function webSource(request: Request, limits: RateLimits): BodySource {
  return async (take) => {
    if (request.bodyUsed)
      throw new GatewayError({ class: 'internal', message: 'The request body was read before.' })
    const reader = request.body?.getReader()
    if (reader === undefined) return
    const ended = Promise.withResolvers<never>()
    // The race below is over when it rejects late.
    ended.promise.catch(() => {})
    const watch = watchRate(limits, () => ended.reject(tooSlow()))
    const onAbort = (): void => ended.reject(clientGone())
    request.signal.addEventListener('abort', onAbort, { once: true })
    try {
      if (request.signal.aborted) throw clientGone()
      for (;;) {
        const piece = await Promise.race([
          reader.read().catch(() => Promise.reject(clientGone())),
          ended.promise,
        ])
        if (piece.done) return
        watch.received(piece.value.length)
        take(piece.value)
      }
    } catch (error) {
      reader.cancel().catch(() => {})
      throw error
    } finally {
      watch.stop()
      request.signal.removeEventListener('abort', onAbort)
    }
  }
}

const unwatched: ReturnType<typeof watchRate> = { received() {}, stop() {} }

/**
 * Ends a body that comes too slowly: a grace, and from each received byte the time that the slowest allowed rate
 * takes for it. One timer, armed again when it fires before the deadline that has moved on.
 */
function watchRate(limits: RateLimits, onSlow: () => void): { received(bytes: number): void; stop(): void } {
  const startedAt = performance.now()
  let total = 0
  let timer = setTimeout(check, limits.bodyGraceMs)
  function check(): void {
    const left =
      startedAt + limits.bodyGraceMs + (total / limits.bodyBytesPerSecond) * 1000 - performance.now()
    if (left <= 1) onSlow()
    else timer = setTimeout(check, left)
  }
  return {
    received(bytes) {
      total += bytes
    },
    stop() {
      clearTimeout(timer)
    },
  }
}

function clientGone(): GatewayError {
  return new GatewayError({
    class: 'cancelled',
    message: 'The client closed the connection before its body ended.',
  })
}

function tooSlow(): GatewayError {
  return new GatewayError({
    class: 'timeout',
    status: 408,
    message: 'The request body came too slowly.',
    retryable: false,
  })
}
