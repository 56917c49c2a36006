import type { JsonObject } from '@gantry/core'
import { stringOf } from '../own.ts'

/** Frames that end a response. The last two are those of hosts that name the status or nothing. */
const terminal: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
  'response.done',
])
const waiting: ReadonlySet<string> = new Set(['response.in_progress', 'response.queued'])
const pings: ReadonlySet<string> = new Set([
  'ping',
  'keepalive',
  'keep-alive',
  'heartbeat',
  'response.heartbeat',
])

/** Whether a frame of this type is the last. */
export function isTerminal(type: string): boolean {
  return terminal.has(type)
}

/** Whether a frame of this type says that the response is still to come. */
export function isWaiting(type: string): boolean {
  return waiting.has(type)
}

/** Whether a frame of this type says nothing but that the host is alive. */
export function isPing(type: string): boolean {
  return pings.has(type)
}

/** The response of a last frame; the frame's own name says how it ended where the response inside does not. */
export function withStatus(response: JsonObject, type: string): JsonObject {
  const status = stringOf(response['status'])
  const said = type === 'response.done' ? 'completed' : type.slice('response.'.length)
  const isOpen = status === undefined || status === 'in_progress' || status === 'queued'
  return isOpen || said === 'failed' ? { ...response, status: said } : response
}
