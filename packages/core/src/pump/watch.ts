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
  return new Watch()
}

class Watch implements StreamWatch {
  committed = false
  complete = false
  error: GatewayErrorData | undefined = undefined
  usage: Usage | undefined = undefined
  finish: Finish | undefined = undefined
  outputBytes = 0
  progress = 0
  readonly #open = new Map<string, { index: number; choice?: number }>()
  readonly #choices = new Map<number, 'open' | 'finished'>()

  see(event: GatewayEvent): void {
    if (event.type !== 'keep-alive') this.progress++
    switch (event.type) {
      case 'start':
        if (event.usage) this.usage = event.usage
        break
      case 'part-start': {
        this.committed = true
        const { index, choice } = event
        if (!this.#choices.has(choice ?? 0)) this.#choices.set(choice ?? 0, 'open')
        this.#open.set(`${choice ?? 0}:${index}`, choice === undefined ? { index } : { index, choice })
        this.outputBytes += startBytes(event.part)
        break
      }
      case 'part-delta':
        if (
          event.delta.type === 'text' ||
          event.delta.type === 'reasoning' ||
          event.delta.type === 'arguments'
        ) {
          this.outputBytes += Buffer.byteLength(event.delta.text)
        }
        break
      case 'part-end':
        this.#open.delete(`${event.choice ?? 0}:${event.index}`)
        break
      case 'usage':
        this.usage = event.usage
        break
      case 'finish':
        this.#choices.set(event.choice ?? 0, 'finished')
        if (!event.choice) this.finish = event.finish
        break
      case 'end':
        this.complete = true
        break
      case 'error':
        this.error = event.error
        break
      case 'restart':
        this.#open.clear()
        this.#choices.clear()
        break
      default:
        break
    }
  }

  get finished(): boolean {
    return this.#choices.size > 0 && this.#choices.values().every((state) => state === 'finished')
  }

  get openChoices(): readonly number[] {
    const left = [...this.#choices].filter(([, state]) => state === 'open').map(([choice]) => choice)
    return this.#choices.has(0) ? left : [0, ...left]
  }

  get openParts(): readonly { readonly index: number; readonly choice?: number }[] {
    return [...this.#open.values()]
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
