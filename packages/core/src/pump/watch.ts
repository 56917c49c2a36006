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
  /** Every choice that was seen has its reason, and one was seen. */
  readonly finished: boolean
  /** Choices without a reason; choice 0 also when nothing was seen of it. */
  readonly openChoices: readonly number[]
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
  const choices = new Map<number, 'open' | 'finished'>()
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
          if (!choices.has(choice ?? 0)) choices.set(choice ?? 0, 'open')
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
          choices.set(event.choice ?? 0, 'finished')
          if (!event.choice) finish = event.finish
          break
        case 'end':
          complete = true
          break
        case 'error':
          error = event.error
          break
        case 'restart':
          open.clear()
          choices.clear()
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
    get finished() {
      return choices.size > 0 && choices.values().every((state) => state === 'finished')
    },
    get openChoices() {
      const left = [...choices].filter(([, state]) => state === 'open').map(([choice]) => choice)
      return choices.has(0) ? left : [0, ...left]
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
