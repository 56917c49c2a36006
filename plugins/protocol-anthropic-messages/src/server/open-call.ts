import type { JsonObject, ServerToolCallPart, ToolCallPart } from '@gantry/core'
import { argumentsToObject } from '@gantry/core/codec'
import { protocolName } from '../name.ts'
import type { OpenBlock } from './open-block.ts'
import { ownFields, type Place } from './place.ts'

/** Programs of the vendor that may call a tool; a client of this wire knows no others. */
const callers = /^(direct$|code_execution_)/

/** A call the client answers. Freeform arguments, and such as are no object, wait until they are whole. */
export function openCall(place: Place, index: number, start: ToolCallPart): OpenBlock {
  place.open({ ...callBlock(place, index, start), ...ownFields(start.extra) })
  return start.kind === 'custom' ? freeform(place, index, start) : streamed(place, index, start.arguments)
}

/** A call of a tool that Anthropic runs; its input comes as a client's own does. */
export function openServerCall(place: Place, index: number, start: ServerToolCallPart): OpenBlock {
  place.open({ ...start.native.value, input: {} })
  return streamed(place, index, start.arguments)
}

function callBlock(place: Place, index: number, part: ToolCallPart): JsonObject {
  const id = place.own ? part.callId : place.callId(part.callId)
  if (part.native?.protocol === protocolName) return { ...part.native.value, id, input: {} }
  if (part.kind === 'hosted') place.lost(index, 'part.tool_call.hosted', 'lowered', 'as a function call')
  const name = part.namespace === undefined ? part.name : `${part.namespace}__${part.name}`
  const caller = callerOf(place, part)
  return { type: 'tool_use', id, name, input: {}, ...(caller && { caller }) }
}

function callerOf(place: Place, { caller }: ToolCallPart): JsonObject | undefined {
  if (!caller || !callers.test(caller.type)) return place.own ? undefined : { type: 'direct' }
  return { type: caller.type, ...(caller.id !== undefined && { tool_id: caller.id }) }
}

function freeform(place: Place, index: number, start: ToolCallPart): OpenBlock {
  const pieces = [start.arguments]
  return {
    delta(delta) {
      if (delta.type === 'arguments') pieces.push(delta.text)
    },
    close() {
      place.lost(index, 'part.tool_call.custom', 'lowered', 'its text is the argument "input"')
      say(place, JSON.stringify({ input: pieces.join('') }))
      place.close()
    },
  }
}

/**
 * Arguments as they come, when they begin as an object does. Anything else waits for its end and is wrapped: clients of
 * this wire read an object or nothing.
 */
function streamed(place: Place, index: number, given: string): OpenBlock {
  let begun = false
  let mayBeObject = true
  const waiting: string[] = []
  const take = (text: string, extra?: JsonObject): void => {
    if (text === '') return
    if (begun) return say(place, text, extra)
    waiting.push(text)
    const first = mayBeObject ? text.trimStart() : ''
    if (first === '') return
    mayBeObject = first.startsWith('{')
    if (!mayBeObject) return
    begun = true
    say(place, waiting.join(''), extra)
  }
  take(given)
  return {
    delta(delta) {
      if (delta.type === 'arguments') take(delta.text, ownFields(delta.extra))
    },
    close() {
      if (!mayBeObject) {
        const text = waiting.join('')
        say(place, JSON.stringify(argumentsToObject(text, () => report(place, index))))
      }
      place.close()
    },
  }
}

function report(place: Place, index: number): void {
  place.lost(index, 'part.tool_call.arguments', 'approximated', 'not a JSON object; wrapped as {"__raw"}')
}

function say(place: Place, text: string, extra?: JsonObject): void {
  place.delta({ type: 'input_json_delta', partial_json: text, ...extra })
}
