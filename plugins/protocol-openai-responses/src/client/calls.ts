import type { JsonObject } from '@gantry/core'
import { stringOf } from '../own.ts'
import type { Scope } from './scope.ts'

/** A call that an answer belongs to: its id and its item's type on the wire. */
export interface OpenCall {
  readonly callId: string
  readonly type?: string
}

/** The items of `input` under way, and which of their calls wait for an answer. */
export interface Calls {
  /** Adds an item that calls nothing. */
  add(item: JsonObject): void
  /** The wire's id for a call with the client's id; no two calls of one conversation share one. */
  open(callId: string): string
  /** Adds the item of a call that was opened. */
  call(item: JsonObject, callId: string): void
  /** The call that a result with the client's id answers; undefined when there is none. */
  answer(callId: string): OpenCall | undefined
  /** All items; calls that nobody answered are answered. */
  items(): JsonObject[]
}

/**
 * Pairs calls and results of conversations from other wires: the vendor answers 400 to a call without a result, and to
 * a result without a call. Clients of this wire know what the server keeps of their conversation: theirs stay as they are.
 */
export function createCalls(scope: Scope): Calls {
  const { names, own, losses } = scope
  const items: JsonObject[] = []
  /** By the client's id: ids on the wire that wait, oldest first. */
  const waiting = new Map<string, string[]>()
  const used = new Set<string>()
  const repeats = new Map<string, number>()
  /** Position of each unanswered call in `items`. */
  const unanswered = new Map<string, number>()
  const types = new Map<string, string>()

  return {
    add: (item) => void items.push(item),
    open(callId) {
      if (own) {
        const id = names.callId(callId)
        if (!waiting.has(callId)) waiting.set(callId, [id])
        return id
      }
      let id = names.callId(callId)
      let attempt = repeats.get(callId) ?? 1
      // Some hosts count from zero in every turn.
      while (used.has(id)) id = names.callId(`${callId} ${++attempt}`)
      repeats.set(callId, attempt)
      used.add(id)
      const list = waiting.get(callId)
      if (list) list.push(id)
      else waiting.set(callId, [id])
      return id
    },
    call(item, callId) {
      unanswered.set(callId, items.length)
      types.set(callId, stringOf(item['type']) ?? '')
      items.push(item)
    },
    answer(callId) {
      if (own) return typed(names.callId(callId))
      const id = waiting.get(callId)?.shift()
      if (id === undefined) return undefined
      unanswered.delete(id)
      return typed(id)
    },
    items() {
      if (own || unanswered.size === 0) return items
      losses.approximated('/turns', 'tool_call.unanswered', 'answered with a note that there is no result')
      const missing = new Map(Array.from(unanswered, ([id, at]) => [at, id]))
      return items.flatMap((item, at) => {
        const id = missing.get(at)
        return id === undefined ? [item] : [item, noResult(id, types.get(id))]
      })
    },
  }

  function typed(callId: string): OpenCall {
    const type = types.get(callId)
    return type === undefined ? { callId } : { callId, type }
  }
}

function noResult(callId: string, type: string | undefined): JsonObject {
  return {
    type: type === 'custom_tool_call' ? 'custom_tool_call_output' : 'function_call_output',
    call_id: callId,
    output: 'No result: the call was interrupted.',
  }
}
