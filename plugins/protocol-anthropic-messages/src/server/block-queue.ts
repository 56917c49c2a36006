import type { Part, PartDelta } from '@gantry/core'
import { openBlock, type OpenBlock } from './open-block.ts'
import type { Place } from './place.ts'

/** Writes parts one after the other, however they come. */
export interface BlockQueue {
  start(index: number, part: Part): void
  delta(index: number, delta: PartDelta): void
  end(index: number, part: Part | undefined): void
  /** Writes everything that has come and ends it. */
  finish(): void
}

interface Waiting {
  readonly part: Part
  readonly deltas: PartDelta[]
  ended: boolean
  last?: Part
}

/**
 * One block is open at a time, because readers of this wire expect no more: what comes for a later part waits until the
 * earlier one has ended. A block that has ended is closed when the next one begins: until then sources may be added.
 */
export function blockQueue(place: Place): BlockQueue {
  const queue = new Map<number, Waiting>()
  let current: { readonly index: number; readonly block: OpenBlock; ended: boolean; last?: Part } | undefined

  const close = (): void => {
    current?.block.close(current.last)
    current = undefined
  }
  const open = (index: number, { part, deltas, ended, last }: Waiting): void => {
    current = { index, block: openBlock(place, index, part), ended, ...(last && { last }) }
    for (const delta of deltas) current.block.delta(delta)
  }
  const advance = (): void => {
    for (const [index, waiting] of queue) {
      if (current && !current.ended) return
      close()
      queue.delete(index)
      open(index, waiting)
    }
  }

  return {
    start(index, part) {
      queue.set(index, { part, deltas: [], ended: false })
      advance()
    },
    delta(index, delta) {
      if (current?.index === index) return current.block.delta(delta)
      const waiting = queue.get(index)
      if (waiting) waiting.deltas.push(delta)
      else if (delta.type === 'citation')
        place.lost(index, 'part.text.citations', 'dropped', 'it came too late')
    },
    end(index, part) {
      if (current?.index === index) {
        current.ended = true
        if (part) current.last = part
        return advance()
      }
      const waiting = queue.get(index)
      if (!waiting) return
      waiting.ended = true
      if (part) waiting.last = part
    },
    finish() {
      if (current) current.ended = true
      for (const waiting of queue.values()) waiting.ended = true
      advance()
      close()
    },
  }
}
