import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './script.ts'
import type { StreamFrame } from './wire.ts'

/** How a reply is paced, and what ends the wait: the client leaving or the simulator closing. */
export interface Pace {
  readonly pace: number
  readonly firstTokenMs: number
  readonly stallMs: number
  readonly signal: AbortSignal
}

/** Writes a stream frame by frame, at its pace, no faster than the reader reads, up to its fault. */
export async function transmit(
  response: ServerResponse,
  frames: Iterable<StreamFrame>,
  fault: Fault | undefined,
  streamError: (fault: Extract<Fault, { kind: 'error' }>, written: number) => string,
  pace: Pace,
): Promise<void> {
  const after = fault && 'after' in fault ? fault.after : undefined
  let tokens = 0
  let written = 0
  await wait(pace.firstTokenMs, pace.signal)
  for (const frame of frames) {
    if (fault && after !== undefined && (frame.end || (frame.token && tokens >= after))) {
      if (fault.kind === 'error') return void response.end(streamError(fault, written))
      return interrupt(response, fault, frame.text, pace)
    }
    if (frame.token && tokens++ > 0) await wait(pace.pace, pace.signal)
    written++
    if (!response.write(frame.text)) await once(response, 'drain', { signal: pace.signal })
  }
  response.end()
}

/** Sends a whole body when its tokens would have been spoken. */
export async function transmitWhole(
  response: ServerResponse,
  body: string,
  tokens: number,
  fault: Fault | undefined,
  pace: Pace,
): Promise<void> {
  await wait(pace.firstTokenMs + pace.pace * Math.max(0, tokens - 1), pace.signal)
  const broken = fault?.kind === 'cut' || fault?.kind === 'end'
  // Without a length a clean end in the middle looks like one; with it, a cut is seen as one.
  if (fault?.kind !== 'end') response.setHeader('content-length', Buffer.byteLength(body))
  if (!broken) {
    response.end(body)
    return
  }
  await flushed(response, body.slice(0, Math.ceil(body.length / 2)))
  if (fault.kind === 'end') response.end()
  else response.destroy()
}

/** Holds the connection and says nothing more, until somebody leaves or the time is up. */
export async function stall(response: ServerResponse, { stallMs, signal }: Pace): Promise<void> {
  await wait(stallMs, signal)
  response.destroy()
}

async function interrupt(response: ServerResponse, fault: Fault, next: string, pace: Pace): Promise<void> {
  if (fault.kind === 'end') response.end()
  else if (fault.kind === 'stall') await stall(response, pace)
  else {
    // Half of a frame first: what a reader must not take for a whole one.
    await flushed(response, next.slice(0, Math.ceil(next.length / 2)))
    response.destroy()
  }
}

function flushed(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal })
  else signal.throwIfAborted()
}
