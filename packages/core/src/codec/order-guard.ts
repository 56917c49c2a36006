import type { GatewayEvent, Part, PartDelta } from '../model/index.ts'

/** Checks that events come in the order the contract fixes. */
export interface OrderGuard {
  /** Takes the next event; throws `OrderError` when it may not come here. */
  push(event: GatewayEvent): void
  /** The stream is over; throws `OrderError` when it was not closed by `end` or `error`. */
  end(): void
}

/** An event that came where it may not. `rule` is stable; `position` counts events from 0. */
export class OrderError extends Error {
  readonly rule: string
  readonly position: number

  constructor(rule: string, position: number, message: string) {
    super(`Event ${position} breaks "${rule}": ${message}`)
    this.name = 'OrderError'
    this.rule = rule
    this.position = position
  }
}

interface ChoiceState {
  /** Part type by index. */
  readonly parts: Part['type'][]
  readonly open: Set<number>
  finished: boolean
}

/**
 * Checks an event sequence: one `start` before any part; per choice indexes 0, 1, 2 … never reused; deltas only inside
 * their part and of a kind the part can take (a citation may come until `finish`); `finish` once per choice, after its
 * parts; one `end` or `error` last (`end` may follow an `error`). `restart` begins anew before the stream is closed;
 * `raw` and `keep-alive` may stand anywhere before the close.
 */
export function orderGuard(): OrderGuard {
  let position = -1
  let started = false
  let closed: 'end' | 'error' | undefined
  let choices = new Map<number, ChoiceState>()

  const fail = (rule: string, message: string): never => {
    throw new OrderError(rule, position, message)
  }
  const choiceOf = (number = 0): ChoiceState => {
    let choice = choices.get(number)
    if (!choice) choices.set(number, (choice = { parts: [], open: new Set(), finished: false }))
    return choice
  }
  const beforeClose = (type: string): void => {
    if (closed) fail('nothing follows the close', `${type} after ${closed}.`)
  }
  const inside = (type: string): void => {
    beforeClose(type)
    if (!started) fail('start comes first', `${type} before start.`)
  }

  return {
    push(event) {
      position++
      switch (event.type) {
        case 'raw':
        case 'keep-alive':
          return beforeClose(event.type)
        case 'start':
          beforeClose(event.type)
          if (started) fail('start comes once', 'a second start without restart.')
          started = true
          return
        case 'restart':
          beforeClose(event.type)
          started = false
          choices = new Map()
          return
        case 'part-start': {
          inside(event.type)
          const choice = choiceOf(event.choice)
          if (choice.finished) fail('finish comes after the parts', `part ${event.index} after finish.`)
          if (event.index !== choice.parts.length) {
            fail('indexes count from 0', `part ${event.index}, expected ${choice.parts.length}.`)
          }
          choice.parts.push(event.part.type)
          choice.open.add(event.index)
          return
        }
        case 'part-delta': {
          inside(event.type)
          const choice = choiceOf(event.choice)
          const type = choice.parts[event.index]
          if (type === undefined)
            return fail('deltas stand inside their part', `part ${event.index} is unknown.`)
          const late = event.delta.type === 'citation' && !choice.finished
          if (!choice.open.has(event.index) && !late) {
            fail(
              'deltas stand inside their part',
              `${event.delta.type} after the end of part ${event.index}.`,
            )
          }
          if (!takes(type, event.delta))
            fail('deltas suit their part', `${event.delta.type} on a ${type} part.`)
          return
        }
        case 'part-end': {
          inside(event.type)
          const choice = choiceOf(event.choice)
          if (!choice.open.delete(event.index)) {
            fail('a part ends once', `part ${event.index} is not open.`)
          }
          const type = choice.parts[event.index]
          if (event.part && event.part.type !== type) {
            fail(
              'a part keeps its type',
              `part ${event.index} began as ${type}, ended as ${event.part.type}.`,
            )
          }
          return
        }
        case 'usage':
          return inside(event.type)
        case 'finish': {
          inside(event.type)
          const choice = choiceOf(event.choice)
          if (choice.finished) fail('finish comes once', `choice ${event.choice ?? 0} finished before.`)
          if (choice.open.size > 0)
            fail('finish comes after the parts', `${choice.open.size} parts are open.`)
          choice.finished = true
          return
        }
        case 'end':
          if (closed !== 'error') inside(event.type)
          if (closed === undefined) {
            for (const choice of choices.values()) {
              if (choice.open.size > 0)
                fail('end comes after the parts', `${choice.open.size} parts are open.`)
            }
          }
          closed = 'end'
          return
        case 'error':
          beforeClose(event.type)
          closed = 'error'
      }
    },
    end() {
      position++
      if (!closed) fail('end or error closes', 'the stream was not closed.')
    },
  }
}

const textual: readonly Part['type'][] = ['text', 'refusal', 'compaction', 'audio', 'json', 'native']

function takes(type: Part['type'], delta: PartDelta): boolean {
  switch (delta.type) {
    case 'text':
      return textual.includes(type)
    case 'arguments':
      return type === 'tool_call' || type === 'server_tool_call'
    case 'reasoning':
      return type === 'reasoning'
    case 'citation':
      return type === 'text'
    case 'custody':
    case 'native':
      return true
  }
}
