import type { Finish, GatewayErrorData, GatewayEvent, Usage } from '../model/index.ts'

/** What the pump wants to know of a decoded stream. */
export interface StreamWatch {
  see(event: GatewayEvent): void
  readonly committed: boolean
  readonly complete: boolean
  readonly error: GatewayErrorData | undefined
  readonly usage: Usage | undefined
  readonly finish: Finish | undefined
  readonly outputBytes: number
  readonly progress: number
  /** Parts begun and not ended: choice and index. */
  readonly openParts: readonly { readonly index: number; readonly choice?: number }[]
}

/** Counts along: usage, finish, delivered bytes, open parts. */
export function createWatch(): StreamWatch {
  let committed = false
  let complete = false
  let error: GatewayErrorData | undefined
  let usage: Usage | undefined
  let finish: Finish | undefined
  let outputBytes = 0
  let progress = 0
  const open = new Map<string, { index: number; choice?: number }>()
  return {
    see(event) {
      if (event.type !== 'keep-alive') progress++
      switch (event.type) {
        case 'start':
          if (event.usage) usage = event.usage
          break
        case 'part-start': {
          committed = true
          const { index, choice } = event
          open.set(`${choice ?? 0}:${index}`, choice === undefined ? { index } : { index, choice })
          outputBytes += startBytes(event.part)
          break
        }
        case 'part-delta':
          if (
            event.delta.type === 'text' ||
            event.delta.type === 'reasoning' ||
            event.delta.type === 'arguments'
          ) {
            outputBytes += Buffer.byteLength(event.delta.text)
          }
          break
        case 'part-end':
          open.delete(`${event.choice ?? 0}:${event.index}`)
          break
        case 'usage':
          usage = event.usage
          break
        case 'finish':
          if (!event.choice) finish = event.finish
          break
        case 'end':
          complete = true
          break
        case 'error':
          error = event.error
          break
        default:
          break
      }
    },
    get committed() {
      return committed
    },
    get complete() {
      return complete
    },
    get error() {
      return error
    },
    get usage() {
      return usage
    },
    get finish() {
      return finish
    },
    get outputBytes() {
      return outputBytes
    },
    get progress() {
      return progress
    },
    get openParts() {
      return [...open.values()]
    },
  }
}

/** Text that a part brings with its start, for hosts that send whole parts. */
function startBytes(part: {
  readonly type: string
  readonly text?: string
  readonly arguments?: string
}): number {
  if (typeof part.text === 'string') return Buffer.byteLength(part.text)
  return typeof part.arguments === 'string' ? Buffer.byteLength(part.arguments) : 0
}
