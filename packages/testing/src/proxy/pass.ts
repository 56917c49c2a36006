import type { Readable, Writable } from 'node:stream'
import type { Random } from '../random.ts'
import type { ProxyFaults } from './fault-proxy.ts'

/** Bytes that reached either side. */
export interface Passed {
  toTarget: number
  toClient: number
}

/** One direction of one connection. */
export interface Faults {
  /** What goes wrong now: asked before each slice. */
  current(): ProxyFaults
  readonly random: Random
  count(bytes: number): void
  end(how: 'reset' | 'close'): void
}

/** Passes bytes until the sender ends or a fault does. What the reader does not take is not read from the sender. */
export async function passBytes(from: Readable, to: Writable, faults: Faults): Promise<void> {
  let sent = 0
  let swallowed = false
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let rest = chunk
    while (rest.byteLength > 0 && !swallowed) {
      const { end, afterBytes = 0, ...pace } = faults.current()
      const left = end === undefined ? Infinity : Math.max(0, afterBytes - sent)
      if (left === 0) {
        if (end === 'blackhole') swallowed = true
        else if (end) return faults.end(end)
        break
      }
      const slice = rest.subarray(0, Math.min(left, sizeOf(rest, pace, faults.random)))
      await wait(pace, slice.byteLength, faults.random)
      if (to.destroyed) return
      await write(to, slice)
      sent += slice.byteLength
      faults.count(slice.byteLength)
      rest = rest.subarray(slice.byteLength)
    }
  }
  // In a black hole the end is not heard either.
  if (!swallowed && faults.current().end !== 'blackhole') to.end()
}

// ---

function sizeOf(rest: Buffer, { slices, bytesPerSecond }: ProxyFaults, random: Random): number {
  // A slow line moves little at a time, or one piece would wait for seconds and then come whole.
  const most = bytesPerSecond === undefined ? Infinity : Math.max(1, Math.ceil(bytesPerSecond / 20))
  const size =
    slices === 'random' ? random.integer(1, Math.max(1, rest.byteLength >> 2)) : (slices ?? rest.byteLength)
  return Math.min(size, most)
}

async function wait(faults: ProxyFaults, bytes: number, random: Random): Promise<void> {
  const { latencyMs = 0, jitterMs = 0, bytesPerSecond } = faults
  const pace = bytesPerSecond === undefined ? 0 : (bytes / bytesPerSecond) * 1000
  const ms = latencyMs + pace + (jitterMs > 0 ? random.integer(0, jitterMs) : 0)
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
}

function write(to: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (to.write(bytes)) {
      resolve()
      return
    }
    const done = (): void => {
      to.off('drain', done)
      to.off('close', done)
      resolve()
    }
    to.once('drain', done)
    to.once('close', done)
  })
}
